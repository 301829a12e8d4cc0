package fc

import (
	"path/filepath"
	"strings"
	"testing"
)

// One binary runs on the custom runtime and on go1, with hooks.
func TestOursOnBothRuntimes(t *testing.T) {
	t.Parallel()
	data, err := build(filepath.Join(t.TempDir(), "main"), "./testdata/ours")
	if err != nil {
		t.Fatal(err)
	}
	pkg := zipOf(map[string]string{"main": string(data)})
	for runtime, extra := range map[string]map[string]any{
		"go1":             {"handler": "main", "customRuntimeConfig": nil},
		"custom.debian12": {"customRuntimeConfig": map[string]any{"command": []string{"/code/main"}}},
	} {
		f := start(t, Options{})
		extra["runtime"], extra["code"] = runtime, map[string]string{"zipFile": pkg}
		extra["instanceLifecycleConfig"] = map[string]any{"initializer": map[string]any{"handler": "i", "timeout": 60}, "preStop": map[string]any{"handler": "p", "timeout": 60}}
		f.create(extra)
		if r := f.invoke(`{"Say":"hello"}`); string(r.Body) != `{"Said":"hello","Account":"`+acct+`","Key":"STS.fc.aliyuncs.com"}` {
			t.Errorf("%s: %+v %s", runtime, r, r.Body)
		}
		if r := f.invoke(`{}`); r.ErrorType != errUnhandled || !strings.Contains(string(r.Body), `"errorType":"Invalid"`) {
			t.Errorf("%s: %+v %s", runtime, r, r.Body)
		}
		if err := f.Close(t.Context()); err != nil {
			t.Error(err)
		}
		text := strings.Join(f.Logs(acct, "echo"), "\n")
		for _, mark := range []string{"FC Initialize Start", "FC Initialize End", "FC Invoke Start", "FC Invoke End", "FC PreStop Start", "FC PreStop End"} {
			if !strings.Contains(text, mark) {
				t.Errorf("%s: no %q in %q", runtime, mark, text)
			}
		}
	}
}
