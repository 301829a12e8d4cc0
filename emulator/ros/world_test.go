package ros_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	sdk "github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
	"github.com/fenghuo-soc/fenghuo/emulator/iam"
	"github.com/fenghuo-soc/fenghuo/emulator/ros"
)

const (
	uidC   = "1100000000000003"
	region = "cn-hangzhou"
)

// world is the account C with RAM, ROS and a recording Log Service behind a gateway, and the SDK as a client.
type world struct {
	t      *testing.T
	iam    *iam.Service
	gw     *gateway.Gateway
	ros    *ros.Service
	logs   *fakeLogs
	domain string
	client *sdk.Client
	admin  auth.Caller
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, iam: iam.New(iam.Options{Seed: "ros"}), logs: &fakeLogs{}}
	if err := w.iam.CreateAccount(uidC, "shop"); err != nil {
		t.Fatal(err)
	}
	key, secret := w.iam.SeedUser(uidC, "admin", "AdministratorAccess")
	w.gw = gateway.New(gateway.Options{Credentials: w.iam, Authorizer: w.iam})
	w.iam.Register(w.gw)
	w.ros = ros.New(ros.Options{Invoker: w.gw, Logs: w.logs})
	w.ros.Register(w.gw)
	server := httptest.NewServer(w.gw)
	t.Cleanup(server.Close)
	w.domain = strings.TrimPrefix(server.URL, "http://")
	client, err := sdk.NewClientWithOptions(region, sdk.NewConfig().WithScheme("HTTP"), credentials.NewAccessKeyCredential(key, secret))
	if err != nil {
		t.Fatal(err)
	}
	w.client = client
	credential, _ := w.iam.Credential(key)
	w.admin = credential.Caller
	return w
}

// call runs an operation with the SDK and returns its answer.
func (w *world) call(action string, params ...string) (map[string]any, error) {
	w.t.Helper()
	r := requests.NewCommonRequest()
	r.Product, r.Version, r.ApiName, r.Scheme, r.Method, r.Domain = "ROS", "2019-09-10", action, "HTTP", "POST", w.domain
	for i := 0; i < len(params); i += 2 {
		r.FormParams[params[i]] = params[i+1]
	}
	answer, err := w.client.ProcessCommonRequest(r)
	if err != nil {
		return nil, err
	}
	w.ros.Wait() // for what the call began
	var out map[string]any
	if err := json.Unmarshal(answer.GetHttpContentBytes(), &out); err != nil {
		w.t.Fatal(err)
	}
	return out, nil
}

// must is call for operations that have to succeed.
func (w *world) must(action string, params ...string) map[string]any {
	w.t.Helper()
	out, err := w.call(action, params...)
	if err != nil {
		w.t.Fatalf("%s: %v", action, err)
	}
	return out
}

// create makes a stack, expects a status and returns the stack's id.
func (w *world) create(name, template, status string, params ...string) string {
	w.t.Helper()
	id := w.must("CreateStack", append([]string{"StackName", name, "TemplateBody", template}, params...)...)["StackId"].(string)
	w.expect(id, status)
	return id
}

func (w *world) expect(id, status string) map[string]any {
	w.t.Helper()
	got := w.must("GetStack", "StackId", id)
	if got["Status"] != status {
		w.t.Errorf("status %v (%v), want %s", got["Status"], got["StatusReason"], status)
	}
	return got
}

// ram reads RAM as the administrator; "" and the code when it fails.
func (w *world) ram(action string, params ...string) string {
	w.t.Helper()
	m := map[string]string{}
	for i := 0; i < len(params); i += 2 {
		m[params[i]] = params[i+1]
	}
	out, e := w.gw.Do(w.t.Context(), w.admin, "2015-05-01", action, m)
	if e != nil {
		return e.Code
	}
	b, err := json.Marshal(out)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

func code(err error) string {
	var e *sdkerrors.ServerError
	if errors.As(err, &e) {
		return fmt.Sprintf("%d %s", e.HttpStatus(), e.ErrorCode())
	}
	return fmt.Sprint(err)
}

// fakeLogs records what it is asked for; fail makes the call that contains it fail.
type fakeLogs struct {
	mu    sync.Mutex
	calls []string
	fail  string
}

func (f *fakeLogs) note(format string, args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	line := fmt.Sprintf(format, args...)
	f.calls = append(f.calls, line)
	if f.fail != "" && strings.Contains(line, f.fail) {
		return gateway.Errorf(400, "ParameterInvalid", "no %s", f.fail)
	}
	return nil
}

func (f *fakeLogs) taken() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := slices.Clone(f.calls)
	f.calls = nil
	return out
}

func (f *fakeLogs) CreateProject(_ context.Context, c auth.Caller, region, name, _ string) error {
	return f.note("CreateProject %s %s %s", c.AccountID, region, name)
}

func (f *fakeLogs) DeleteProject(_ context.Context, _ auth.Caller, name string) error {
	return f.note("DeleteProject %s", name)
}

func (f *fakeLogs) CreateLogstore(_ context.Context, _ auth.Caller, p string, l ros.Logstore) error {
	return f.note("CreateLogstore %s/%s %d days %d shards", p, l.Name, l.TTL, l.ShardCount)
}

func (f *fakeLogs) UpdateLogstore(_ context.Context, _ auth.Caller, p string, l ros.Logstore) error {
	return f.note("UpdateLogstore %s/%s %d days", p, l.Name, l.TTL)
}

func (f *fakeLogs) DeleteLogstore(_ context.Context, _ auth.Caller, p, l string) error {
	return f.note("DeleteLogstore %s/%s", p, l)
}

func (f *fakeLogs) PutIndex(_ context.Context, _ auth.Caller, p, l string, index json.RawMessage) error {
	return f.note("PutIndex %s/%s %s", p, l, index)
}

func (f *fakeLogs) DeleteIndex(_ context.Context, _ auth.Caller, p, l string) error {
	return f.note("DeleteIndex %s/%s", p, l)
}
