package normalize

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/sigma"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	const text = ` {"a":{"b":"x","c.d":"dotted","n":null,"t":true,"i":-1.5e3,"e":"\u4e2d\"\ud83d\ude00\n","o":{"k":[1]}},` +
		`"l":["p",{"q":"r"},[{"q":"s"}],null],"":"empty","k\u0065y":"esc","a.b":"flat"} `
	var d document
	if err := d.parse([]byte(text)); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path, value string
		state       sigma.State
	}{
		{"a.b", "flat", sigma.Value}, // the longest key comes first
		{"a.c.d", "dotted", sigma.Value},
		{"a.n", "", sigma.Null},
		{"a.t", "true", sigma.Value},
		{"a.i", "-1.5e3", sigma.Value},
		{"a.e", "中\"😀\n", sigma.Value},
		{"a.o", `{"k":[1]}`, sigma.Value},
		{"key", "esc", sigma.Value},
		{"l", "", sigma.List},
		{"l.q", "", sigma.List},
		{"a.x", "", sigma.Absent},
		{"a.b.c", "", sigma.Absent},
		{"a.t.x", "", sigma.Absent},
	}
	for _, tt := range tests {
		value, state := d.lookup(tt.path)
		if string(value) != tt.value || state != tt.state {
			t.Errorf("lookup(%q) = %q, %v; want %q, %v", tt.path, value, state, tt.value, tt.state)
		}
	}
	var got []string
	d.elements(0, "l.q", func(v []byte, s sigma.State) bool { got = append(got, string(v)); return true })
	if diff := cmp.Diff([]string{"r", "s"}, got); diff != "" {
		t.Error(diff)
	}
	got = nil
	d.elements(0, "l", func(v []byte, s sigma.State) bool { got = append(got, string(v)); return len(got) < 2 })
	if diff := cmp.Diff([]string{"p", `{"q":"r"}`}, got); diff != "" {
		t.Error(diff)
	}
}

func TestMalformedJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"": errJSONSyntax, "{": errJSONSyntax, `{"a"}`: errJSONSyntax, `{"a":1,}`: errJSONSyntax, `[1 2]`: errJSONSyntax, `"a`: errJSONSyntax,
		`"\x"`: errJSONSyntax, `"\u12"`: errJSONSyntax, "\"\n\"": errJSONSyntax, "nope": errJSONSyntax, "{} x": errJSONSyntax, `{1:2}`: errJSONSyntax, "+1": errJSONSyntax,
		strings.Repeat("[", 100_000):         errJSONDepth,
		"[" + strings.Repeat("1,", 30_000):   errJSONNodes,
		strings.Repeat(" ", maxJSONBytes+10): errJSONSize,
	} {
		var d document
		if err := d.parse([]byte(text)); err != want {
			t.Errorf("parse(%.20q) = %v, want %v", text, err, want)
		}
		if _, state := d.lookup("a"); state != sigma.Absent {
			t.Errorf("%.20q: something is found in malformed text", text)
		}
	}
}

// FuzzJSON compares the walker with encoding/json on every text member of an object.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"a":"\u00e9\ud800x","b":[{"c":null}],"d":{"e":1}}`))
	f.Add([]byte(`[{"a":true},"\\",-0.1]`))
	f.Add([]byte(`{"a":"\uD83D\uDE00\u12"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var d document
		err := d.parse(text)
		if err != nil {
			if json.Valid(text) && err == errJSONSyntax {
				t.Errorf("valid JSON is refused: %q", text)
			}
			return
		}
		var members map[string]any
		if json.Unmarshal(text, &members) != nil || bytes.ContainsRune(text, '\uFFFD') || bytes.Count(text, []byte(":")) != len(members) {
			return
		}
		for key, want := range members {
			s, ok := want.(string)
			if !ok || key == "" || strings.ContainsRune(key, '\uFFFD') {
				continue
			}
			if got, state := d.lookup(key); state != sigma.Value || strings.ToValidUTF8(string(got), "\uFFFD") != s && !strings.ContainsRune(s, '\uFFFD') {
				t.Errorf("%q: %q is %q, %v; want %q", text, key, got, state, s)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	text := []byte(`{"eventName":"DescribeInstances","userIdentity":{"type":"assumed-role","accessKeyId":"STS.N"},"requestParameters":{"a":"b","RegionId":"cn-hangzhou"}}`)
	var d document
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if d.parse(text) != nil {
			b.Fatal("malformed")
		}
	}
}
