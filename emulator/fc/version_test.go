package fc

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// invokeAt is invoke with a qualifier.
func (f *fixture) invokeAt(qualifier, payload string) Result {
	f.t.Helper()
	r, err := f.Invoke(f.t.Context(), rootOf(acct), acct, "echo", qualifier, false, []byte(payload))
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func TestVersionsAndAliases(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(map[string]any{"environmentVariables": map[string]string{"STAGE": "one"}})
	if v := f.api(201, acct, "POST", "functions/echo/versions", map[string]any{"description": "first"}); v["versionId"] != "1" {
		t.Fatalf("version %v, want 1", v)
	}
	f.api(200, acct, "PUT", "functions/echo", map[string]any{"environmentVariables": map[string]string{"STAGE": "two"}})
	f.api(201, acct, "POST", "functions/echo/versions", nil)
	f.api(200, acct, "PUT", "functions/echo", map[string]any{"environmentVariables": map[string]string{"STAGE": "now"}})
	f.api(201, acct, "POST", "functions/echo/aliases", map[string]any{"aliasName": "prod", "versionId": "1"})
	for qualifier, want := range map[string][2]string{"": {"now", "LATEST"}, "LATEST": {"now", "LATEST"}, "1": {"one", "1"}, "2": {"two", "2"}, "prod": {"one", "prod"}} {
		body := string(f.invokeAt(qualifier, `{"mode":"env"}`).Body)
		if !strings.Contains(body, "STAGE="+want[0]) || !strings.Contains(body, `"X-Fc-Qualifier":["`+want[1]+`"]`) {
			t.Errorf("qualifier %q: %.300s, want stage and qualifier %v", qualifier, body, want)
		}
	}
	if body := string(f.invokeAt("prod", `{"mode":"env"}`).Body); !strings.Contains(body, `"X-Fc-Version-Id":["1"]`) {
		t.Errorf("the alias does not tell the version: %.300s", body)
	}
	got := f.api(200, acct, "GET", "functions/echo?qualifier=2", nil)
	if env, _ := got["environmentVariables"].(map[string]any); env["STAGE"] != "two" {
		t.Errorf("GetFunction of version 2: %v", got)
	}
	if r := f.invokeAt("9", "x"); r.Code != "VersionNotFound" {
		t.Errorf("version 9: %+v", r)
	}
	if r := f.invokeAt("test", "x"); r.Code != "AliasNotFound" {
		t.Errorf("alias test: %+v", r)
	}
	list := f.api(200, acct, "GET", "functions/echo/versions?limit=1", nil)
	if v := list["versions"].([]any)[0].(map[string]any); v["versionId"] != "2" || list["nextToken"] != "1" {
		t.Errorf("newest version: %v", list)
	}
	if list = f.api(200, acct, "GET", "functions/echo/versions?direction=FORWARD&nextToken=2", nil); len(list["versions"].([]any)) != 1 {
		t.Errorf("from version 2 on: %v", list)
	}
	f.api(400, acct, "GET", "functions/echo/versions?nextToken=7", nil)
	if got := f.api(400, acct, "DELETE", "functions/echo/versions/1", nil); !strings.Contains(got["Message"].(string), "prod") {
		t.Errorf("a version in use: %v", got)
	}
	f.api(200, acct, "PUT", "functions/echo/aliases/prod", map[string]any{"versionId": "2"})
	f.api(204, acct, "DELETE", "functions/echo/versions/1", nil)
	f.api(404, acct, "DELETE", "functions/echo/versions/1", nil)
	if v := f.api(201, acct, "POST", "functions/echo/versions", nil); v["versionId"] != "3" {
		t.Errorf("version %v, want 3: numbers never come back", v)
	}
	f.api(204, acct, "DELETE", "functions/echo/aliases/prod", nil)
	f.api(404, acct, "GET", "functions/echo/aliases/prod", nil)
	f.api(204, acct, "DELETE", "functions/echo", nil)
	if left, _ := filepath.Glob(filepath.Join(f.o.Dir, "*.zip")); len(left) != 0 {
		f.Close(t.Context()) // running instances keep their code until they have stopped
		if left, _ = filepath.Glob(filepath.Join(f.o.Dir, "*.zip")); len(left) != 0 {
			t.Errorf("the deletion left %v", left)
		}
	}
}

func TestAliasRules(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	f.api(201, acct, "POST", "functions/echo/versions", nil)
	f.api(201, acct, "POST", "functions/echo/versions", nil)
	for name, tt := range map[string]struct {
		status int
		body   map[string]any
	}{
		"no version":  {404, map[string]any{"aliasName": "a", "versionId": "7"}},
		"LATEST":      {400, map[string]any{"aliasName": "LATEST", "versionId": "1"}},
		"number":      {400, map[string]any{"aliasName": "1", "versionId": "1"}},
		"main weight": {400, map[string]any{"aliasName": "a", "versionId": "1", "additionalVersionWeight": map[string]any{"1": 0.5}}},
		"big weight":  {400, map[string]any{"aliasName": "a", "versionId": "1", "additionalVersionWeight": map[string]any{"2": 1.5}}},
		"weight of 9": {404, map[string]any{"aliasName": "a", "versionId": "1", "additionalVersionWeight": map[string]any{"9": 0.5}}},
		"unknown key": {400, map[string]any{"aliasName": "a", "versionId": "1", "weight": 1}},
	} {
		if got := f.api(tt.status, acct, "POST", "functions/echo/aliases", tt.body); got["Code"] == "" {
			t.Errorf("%s: %v", name, got)
		}
	}
	f.api(201, acct, "POST", "functions/echo/aliases", map[string]any{"aliasName": "all", "versionId": "1", "additionalVersionWeight": map[string]any{"2": 1}})
	f.api(409, acct, "POST", "functions/echo/aliases", map[string]any{"aliasName": "all", "versionId": "1"})
	f.api(400, acct, "DELETE", "functions/echo/versions/2", nil)
	if body := string(f.invokeAt("all", `{"mode":"env"}`).Body); !strings.Contains(body, `"X-Fc-Version-Id":["2"]`) {
		t.Errorf("weight 1: %.200s, want version 2", body)
	}
	f.api(200, acct, "PUT", "functions/echo/aliases/all", map[string]any{"additionalVersionWeight": map[string]any{}})
	if body := string(f.invokeAt("all", `{"mode":"env"}`).Body); !strings.Contains(body, `"X-Fc-Version-Id":["1"]`) {
		t.Errorf("no weight: %.200s, want version 1", body)
	}
	if list := f.api(200, acct, "GET", "functions/echo/aliases?prefix=x", nil)["aliases"].([]any); len(list) != 0 {
		t.Errorf("prefix x: %v", list)
	}
	half := &Alias{VersionID: "1", AdditionalVersionWeight: map[string]float64{"2": 0.25}}
	if got := []string{half.choose(0), half.choose(0.24), half.choose(0.25), half.choose(0.99)}; !slices.Equal(got, []string{"2", "2", "1", "1"}) {
		t.Errorf("a weight of 0.25 chooses %v", got)
	}
}

// A trigger calls the qualifier that it names, and each qualifier may have an HTTP trigger.
func TestTriggerQualifier(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	web := func(name, qualifier string) map[string]any {
		return trigger0(name, "http", map[string]any{"authType": "anonymous", "methods": []string{"GET"}}, map[string]any{"qualifier": qualifier})
	}
	f.api(404, acct, "POST", "functions/echo/triggers", web("web", "1"))
	f.api(201, acct, "POST", "functions/echo/versions", nil)
	f.api(201, acct, "POST", "functions/echo/triggers", web("web", "LATEST"))
	f.api(400, acct, "POST", "functions/echo/triggers", web("second", "LATEST"))
	got := f.api(201, acct, "POST", "functions/echo/triggers", web("versioned", "1"))
	f.api(400, acct, "PUT", "functions/echo/triggers/versioned", map[string]any{"qualifier": "LATEST"})
	f.api(200, acct, "PUT", "functions/echo", map[string]any{"customRuntimeConfig": map[string]any{"command": []string{"/code/none"}}})
	if w := f.http("GET", "http://console.example/", nil, ""); w.Code != 502 {
		t.Errorf("LATEST cannot start, but answered %d", w.Code)
	}
	if w := f.http("GET", "http://"+strings.TrimPrefix(got["httpTrigger"].(map[string]any)["urlInternet"].(string), "https://")+"/", nil, ""); w.Code != http.StatusTeapot {
		t.Errorf("version 1 at its own domain: %d %s", w.Code, w.Body)
	}
}

func TestGetFunctionCode(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	got := f.api(200, acct, "GET", "functions/echo/code?qualifier=LATEST", nil)
	url, _ := got["url"].(string)
	get := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest("GET", url, nil)) // without a signature: the address is the secret
		return w
	}
	w := get()
	if w.Code != 200 || got["checksum"] != f.api(200, acct, "GET", "functions/echo", nil)["codeChecksum"] {
		t.Fatalf("%v: %d", got, w.Code)
	}
	dir := t.TempDir()
	data, _ := io.ReadAll(w.Body)
	if err := unpack(data, dir); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "bootstrap")); string(text) != "none" {
		t.Errorf("package holds %q", text)
	}
	f.api(404, acct, "GET", "functions/echo/code?qualifier=3", nil)
	f.api(404, other, "GET", "functions/echo/code", nil)
	f.advance(time.Hour)
	if w := get(); w.Code != http.StatusForbidden {
		t.Errorf("an hour later: %d, want 403", w.Code)
	}
}

func TestConcurrencyConfig(t *testing.T) {
	t.Parallel()
	f := start(t, Options{Limits: Limits{InstancesPerAccount: 3}})
	f.create(nil)
	f.api(404, acct, "GET", "functions/echo/concurrency", nil)
	f.api(400, acct, "PUT", "functions/echo/concurrency", map[string]any{"reservedConcurrency": 4})
	f.api(400, acct, "PUT", "functions/echo/concurrency", map[string]any{})
	got := f.api(200, acct, "PUT", "functions/echo/concurrency", map[string]any{"reservedConcurrency": 1})
	if got["reservedConcurrency"] != 1.0 || got["functionArn"] != f.functionARN(acct, "echo") {
		t.Errorf("PutConcurrencyConfig: %v", got)
	}
	flag := filepath.Join(t.TempDir(), "go")
	done := make(chan Result, 1)
	go func() { done <- f.invoke(fmt.Sprintf(`{"mode":"wait","file":%q}`, flag)) }()
	f.waitMark("wait", 1)
	if r := f.invoke("x"); r.Status != 429 || r.Code != "ResourceExhausted" {
		t.Errorf("beyond the reservation: %+v", r)
	}
	f.api(200, acct, "PUT", "functions/echo/concurrency", map[string]any{"reservedConcurrency": 3})
	if r := f.invoke("x"); r.ErrorType != "" || r.Status != 200 {
		t.Errorf("after the raise: %+v", r)
	}
	f.api(201, acct, "POST", "functions", map[string]any{"functionName": "poor", "runtime": "custom", "code": map[string]string{"zipFile": smallZip}})
	if r, _ := f.Invoke(t.Context(), rootOf(acct), acct, "poor", "", false, nil); r.Code != "ResourceExhausted" {
		t.Errorf("all is reserved for another function: %+v", r)
	}
	if list := f.api(200, acct, "GET", "concurrency-configs", nil)["configs"].([]any); len(list) != 1 {
		t.Errorf("list: %v", list)
	}
	f.api(204, acct, "DELETE", "functions/echo/concurrency", nil)
	f.api(404, acct, "DELETE", "functions/echo/concurrency", nil)
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	<-done
}

func TestDisableInvocation(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	done := make(chan Result, 1)
	go func() { done <- f.invoke(`{"mode":"slow"}`) }()
	f.waitMark("slow", 1)
	f.api(200, acct, "POST", "functions/echo/invoke/disable", map[string]any{"reason": "maintenance"})
	if r := f.invoke("x"); r.Status != 403 || !strings.Contains(r.Message, "maintenance") {
		t.Errorf("while disabled: %+v", r)
	}
	if got := f.api(200, acct, "GET", "functions/echo", nil)["invocationRestriction"]; got == nil {
		t.Error("GetFunction does not show the restriction")
	}
	got := f.api(200, acct, "POST", "functions/echo/invoke/disable", map[string]any{"abortOngoingRequest": true})
	if r := <-done; got["success"] != true || r.ErrorType != errUnhandled {
		t.Errorf("%v; the running request ended with %+v", got, r)
	}
	f.api(200, acct, "POST", "functions/echo/invoke/enable", nil)
	if r := f.invoke("x"); string(r.Body) != "x" {
		t.Errorf("enabled again: %+v", r)
	}
}

func TestListInstances(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	f.api(201, acct, "POST", "functions/echo/versions", nil)
	f.invoke("x")
	f.invokeAt("1", "x")
	for query, want := range map[string]int{"": 2, "?qualifier=1": 1, "?qualifier=2": 0, `?instanceIds=["c-1"]`: 0, `?instanceStatus=["Running"]`: 2} {
		list := f.api(200, acct, "GET", "functions/echo/instances"+query, nil)["instances"].([]any)
		if len(list) != want {
			t.Errorf("%s: %v, want %d", query, list, want)
		}
		if query == "?qualifier=1" && list[0].(map[string]any)["versionId"] != "1" {
			t.Errorf("%v", list)
		}
	}
	f.api(400, acct, "GET", "functions/echo/instances?instanceIds=x", nil)
}

// Every documented operation that is not offered is refused by its name.
func TestAbsentOperations(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	if n := len(Routes()) + len(Absent()); n != 69 { // the operations of the official client, version 4.7.6
		t.Errorf("%d operations, want 69", n)
	}
	for _, line := range Absent() {
		op := strings.Fields(line)
		got := f.api(400, acct, op[0], strings.NewReplacer("/2023-03-30/", "", "{f}", "a", "{t}", "b").Replace(op[1]), nil)
		if got["Code"] != "PathNotSupported" || !strings.HasPrefix(got["Message"].(string), op[2]+" ") {
			t.Errorf("%s: %v", line, got)
		}
	}
}
