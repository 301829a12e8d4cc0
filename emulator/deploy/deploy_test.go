package deploy

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/fc"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// The vector of fc.md §4.5.
func TestSign(t *testing.T) {
	t.Parallel()
	req := httptest.NewRequest("POST", "http://127.0.0.1:9000/2023-03-30/functions/hello/invocations?qualifier=LATEST", nil)
	req.Header.Set("Content-Type", "application/octet-stream")
	sign(req, Access{AccessKeyID: "ak", AccessKeySecret: "testsk"}, "InvokeFunction", "2023-03-30", []byte(`{"a":1}`),
		time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC), "n-1")
	_, got, _ := strings.Cut(req.Header.Get("Authorization"), "Signature=")
	if want := "1f34b4e75fa2e1f080e0aeabeeb71354f6560c57f37eadf68e6275749f83715a"; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

const (
	one = "1100000000000001"
	two = "1100000000000002"
)

// world is an emulated cloud of two accounts with made-up stacks and flows.
type world struct {
	mu     sync.Mutex
	stacks map[string]string // name → status of the next look
	flows  map[string]map[string]string
	calls  []string
}

func (w *world) Credential(id string) (auth.Credential, bool) {
	account := map[string]string{"ak-one": one, "ak-two": two}[id]
	return auth.Credential{
		Caller: auth.Caller{Type: auth.Root, AccountID: account, ARN: "acs:ram::" + account + ":root"},
		Secret: "secret-" + id, Active: true,
	}, account != ""
}

func (w *world) Authorize(_ context.Context, r auth.Request) auth.Decision {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, r.Action)
	return auth.Decision{Allowed: true}
}

func (w *world) AssumeServiceRole(_ context.Context, role, _, _ string, _ time.Duration) (auth.Caller, auth.Keys, error) {
	return auth.Caller{AccountID: one, ARN: role}, auth.Keys{AccessKeyID: "STS.x"}, nil
}

func (w *world) operations() (ros, fnf map[string]gateway.Operation) {
	note := func(h func(c *gateway.Call) (any, error)) gateway.Operation {
		return gateway.Operation{Handle: func(_ context.Context, c *gateway.Call) (any, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.calls = append(w.calls, c.Action)
			return h(c)
		}}
	}
	ros = map[string]gateway.Operation{
		"CreateStack": note(func(c *gateway.Call) (any, error) {
			name := c.Get("StackName")
			if _, ok := w.stacks[name]; ok {
				return nil, gateway.Errorf(409, "StackExists", "exists")
			}
			if c.Get("TemplateBody") != "template text" || c.Get("Parameters.1.ParameterKey") != "Owner" || c.Get("Parameters.1.ParameterValue") != one {
				return nil, gateway.Errorf(400, "InvalidParameter", "%v", c.Params)
			}
			w.stacks[name] = "CREATE_IN_PROGRESS"
			return map[string]any{"StackId": "id-" + name}, nil
		}),
		"ListStacks": note(func(c *gateway.Call) (any, error) {
			name := c.Get("StackName.1")
			return map[string]any{"Stacks": []any{map[string]any{"StackId": "id-" + name, "StackName": name}}}, nil
		}),
		"UpdateStack": note(func(c *gateway.Call) (any, error) {
			return nil, gateway.Errorf(400, "NotSupported", "The same template")
		}),
		"GetStack": note(func(c *gateway.Call) (any, error) {
			name := strings.TrimPrefix(c.Get("StackId"), "id-")
			status := w.stacks[name]
			w.stacks[name] = "CREATE_COMPLETE"
			if status == "fail" {
				return map[string]any{"Status": "ROLLBACK_COMPLETE", "StatusReason": "no permission for the role"}, nil
			}
			return map[string]any{
				"StackId": c.Get("StackId"), "Status": status,
				"Outputs": []any{map[string]any{"OutputKey": "RoleArn", "OutputValue": "acs:ram::" + one + ":role/relay"}},
			}, nil
		}),
	}
	fnf = map[string]gateway.Operation{
		"CreateFlow": note(func(c *gateway.Call) (any, error) {
			if w.flows[c.Get("Name")] != nil {
				return nil, gateway.Errorf(400, "FlowAlreadyExists", "exists")
			}
			w.flows[c.Get("Name")] = map[string]string{"definition": c.Get("Definition"), "role": c.Get("RoleArn"), "account": c.Caller.AccountID}
			return map[string]any{"Name": c.Get("Name")}, nil
		}),
		"UpdateFlow": note(func(c *gateway.Call) (any, error) {
			w.flows[c.Get("Name")]["definition"] = c.Get("Definition")
			return nil, nil
		}),
	}
	return ros, fnf
}

// serve starts the world behind one endpoint.
func serve(t *testing.T) (*world, *fc.Service, string) {
	t.Helper()
	w := &world{stacks: map[string]string{}, flows: map[string]map[string]string{}}
	g := gateway.New(gateway.Options{Credentials: w, Authorizer: w, Clock: time.Now})
	ros, fnf := w.operations()
	g.Register("ROS", rosVersion, ros)
	g.Register("fnf", fnfVersion, fnf)
	functions, err := fc.New(fc.Options{Auth: fc.FromGateway(g, w), Roles: w, Dir: t.TempDir(), Poll: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := functions.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	mux := http.NewServeMux()
	mux.Handle("/2023-03-30/", functions)
	mux.Handle("/", g)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return w, functions, srv.URL
}

// project copies the good manifest into a folder with everything it names.
func project(t *testing.T, change func(string) string) string {
	t.Helper()
	dir := t.TempDir()
	data, err := os.ReadFile("testdata/good.s.yaml")
	if err != nil {
		t.Fatal(err)
	}
	manifest := string(data)
	if change != nil {
		manifest = change(manifest)
	}
	for name, text := range map[string]string{"s.yaml": manifest, "template.yaml": "template text", "flow.yaml": "Type: StateMachine\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", filepath.Join(dir, "built", "bootstrap"), "../fc/testdata/echo")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return dir
}

func options(dir, endpoint string) Options {
	return Options{
		Dir: dir, Endpoint: endpoint, Env: map[string]string{"STAGE": "dev"}, Poll: time.Millisecond,
		Access: map[string]Access{
			"default": {AccountID: one, AccessKeyID: "ak-one", AccessKeySecret: "secret-ak-one"},
			"second":  {AccountID: two, AccessKeyID: "ak-two", AccessKeySecret: "secret-ak-two"},
		},
		CodeDir: func(function, code string) string { return filepath.Join(dir, "built") },
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	w, functions, endpoint := serve(t)
	dir := project(t, nil)
	o := options(dir, endpoint)
	var steps []string
	o.Progress = func(s Step) { steps = append(steps, fmt.Sprint(s.Resource, " ", s.State, " ", s.Action, s.Err)) }
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"infra started <nil>", "infra done create<nil>", "relay started <nil>", "relay done create<nil>",
		"playbook started <nil>", "playbook done create<nil>",
	}
	if diff := cmp.Diff(want, steps, cmp.Transformer("spaces", func(s string) string { return strings.ReplaceAll(s, "  ", " ") })); diff != "" {
		t.Errorf("steps: the stack goes first, since the function refers to its output (-want +got):\n%s", diff)
	}
	if len(report.Hooks) != 1 || !strings.Contains(report.Hooks[0].Run, "go build") || report.Hooks[0].Resource != "relay" {
		t.Errorf("hooks %+v", report.Hooks)
	}
	relay := report.Deployed[1]
	if diff := cmp.Diff([]string{"minute", "web"}, relay.Triggers); diff != "" || !strings.HasSuffix(relay.URL, ".cn-hangzhou.fcapp.run") {
		t.Errorf("triggers %v, url %q", relay.Triggers, relay.URL)
	}
	got := functions.Functions(one)[0]
	if diff := cmp.Diff(map[string]string{"STAGE": "dev", "NAME": "relay-cn-hangzhou"}, got.EnvironmentVariables); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if got.Role != "acs:ram::"+one+":role/relay" || got.Runtime != "custom.debian12" || got.MemorySize != 512 {
		t.Errorf("function %+v", got)
	}
	if diff := cmp.Diff(map[string]string{"definition": "Type: StateMachine\n", "role": "acs:ram::" + two + ":role/flow", "account": two}, w.flows["playbook"]); diff != "" {
		t.Errorf("flow (-want +got):\n%s", diff)
	}
	r, err := functions.Invoke(t.Context(), auth.Caller{AccountID: one}, one, "relay", "", false, []byte("hello"))
	if err != nil || string(r.Body) != "hello" {
		t.Errorf("the deployed function answers %+v, %v", r, err)
	}
	again(t, o, functions)
}

// again deploys the same file a second time.
func again(t *testing.T, o Options, functions *fc.Service) {
	t.Helper()
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range report.Deployed {
		if d.Action != "update" {
			t.Errorf("%s: action %s, want update", d.Resource, d.Action)
		}
	}
	if r, err := functions.Invoke(t.Context(), auth.Caller{AccountID: one}, one, "relay", "", false, []byte("again")); err != nil || string(r.Body) != "again" {
		t.Errorf("after the update: %+v, %v", r, err)
	}
}

func TestRunFailures(t *testing.T) {
	t.Parallel()
	w, _, endpoint := serve(t)
	dir := project(t, nil)
	tests := []struct {
		name   string
		change func(o *Options)
		want   string
	}{
		{"missing env", func(o *Options) { o.Env = nil }, "s.yaml:26: resource relay: props.environmentVariables.STAGE: environment variable STAGE is not set"},
		{"no credentials for config", func(o *Options) { o.Access = nil }, "config('AccountID'): there are no credentials for access \"default\""},
		{"only without its stack", func(o *Options) { o.Only = []string{"relay"} }, "resource infra was not deployed by this run"},
		{"only of nothing", func(o *Options) { o.Only = []string{"none"} }, "there is no resource none"},
		{"wrong secret", func(o *Options) { o.Access["default"] = Access{one, "ak-one", "wrong", ""} }, "SignatureDoesNotMatch"},
		{"not built", func(o *Options) {
			o.CodeDir = func(string, string) string { return "nothing" }
		}, "package code"},
		{"stack fails", func(o *Options) { w.stacks["relay-infra"] = "fail" }, "ROLLBACK_COMPLETE: no permission for the role"},
	}
	for _, tt := range tests {
		o := options(dir, endpoint)
		tt.change(&o)
		_, err := Run(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if len(w.flows) != 0 {
		t.Error("the flow was deployed after a failure")
	}
}

func TestNothingIsCalledForABadFile(t *testing.T) {
	t.Parallel()
	w, _, endpoint := serve(t)
	o := options(t.TempDir(), endpoint)
	o.File = "testdata/bad.s.yaml"
	if _, err := Run(t.Context(), o); err == nil {
		t.Error("a bad file was deployed")
	}
	if len(w.calls) > 0 {
		t.Errorf("calls %v", w.calls)
	}
}

// A server that takes a trigger and forgets it.
func TestLostTriggerIsAFailure(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "triggers") {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"Code":"TriggerNotFound","Message":"gone","RequestId":"1"}`)
			return
		}
		fmt.Fprint(w, "{}")
	}))
	t.Cleanup(srv.Close)
	dir := project(t, func(s string) string { return strings.ReplaceAll(s, "${resources.infra.output.RoleArn}", "relay") })
	o := options(dir, srv.URL)
	o.Only = []string{"relay"}
	_, err := Run(t.Context(), o)
	var refusal *APIError
	if !errors.As(err, &refusal) || refusal.Code != "TriggerNotFound" || !strings.Contains(err.Error(), "after the deployment") {
		t.Errorf("got %v, want a failure after the deployment", err)
	}
}

func TestZipIsStable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bootstrap"), []byte("x"), 0o700); err != nil {
		t.Fatal(err)
	}
	a, err := zipDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := zipDir(dir)
	if hex.EncodeToString(a) != hex.EncodeToString(b) {
		t.Error("the same folder gives two packages")
	}
}
