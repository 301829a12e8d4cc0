package directory_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/directory"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

const (
	uidA = "1100000000000001"
	uidB = "1100000000000002"
	uidC = "1100000000000003"
	uidD = "1100000000000004"
	uidX = "1100000000000009" // another enterprise
	uidP = "1100000000000008" // a person, not verified as enterprise
)

// world is a directory service behind a gateway. The key of an account is AK<uid> for a RAM user and ROOT<uid> for
// the account owner.
type world struct {
	*directory.Service
	gw  *gateway.Gateway
	url string

	mu      sync.Mutex
	now     time.Time
	asked   []string // permissions asked, "action resource"
	deny    string   // action to deny
	joined  []string
	left    []string
	enabled []string
}

func (w *world) clock() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }
func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) Credential(key string) (auth.Credential, bool) {
	caller := auth.Caller{Type: auth.User, Name: "admin", AccessKeyID: key}
	uid, ok := strings.CutPrefix(key, "AK")
	if !ok {
		uid, caller.Type = strings.TrimPrefix(key, "ROOT"), auth.Root
	}
	caller.AccountID, caller.ARN = uid, "acs:ram::"+uid+":user/admin"
	return auth.Credential{Caller: caller, Secret: "secret", Active: true}, true
}

func (w *world) Authorize(_ context.Context, r auth.Request) auth.Decision {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, r.Action+" "+r.Resource)
	if r.Action == w.deny {
		return auth.Decision{Detail: &auth.Denial{NoPermissionType: "ImplicitDeny"}}
	}
	return auth.Decision{Allowed: true}
}

func newWorld(t *testing.T, change func(*directory.Options)) *world {
	t.Helper()
	w := &world{now: time.Now().Truncate(time.Millisecond)}
	accounts := map[string]directory.Account{
		uidA: {Name: "fenghuo-root", Enterprise: "Fenghuo", Verified: true}, uidB: {Name: "security", Enterprise: "Fenghuo", Verified: true},
		uidC: {Name: "shop", Enterprise: "Fenghuo", Verified: true}, uidD: {Name: "payments", Enterprise: "Fenghuo", Verified: true},
		uidX: {Name: "stranger", Enterprise: "Other", Verified: true}, uidP: {Name: "person", Enterprise: "Fenghuo"},
	}
	note := func(list *[]string) func(string, string) {
		return func(a, b string) { w.mu.Lock(); *list = append(*list, a+"<"+b); w.mu.Unlock() }
	}
	o := directory.Options{
		Clock:    w.clock,
		Accounts: func(id string) (directory.Account, bool) { a, ok := accounts[id]; return a, ok },
		OnJoin:   note(&w.joined), OnLeave: note(&w.left),
		OnEnable: func(id string) { w.mu.Lock(); w.enabled = append(w.enabled, id); w.mu.Unlock() },
	}
	if change != nil {
		change(&o)
	}
	w.Service = directory.New(o)
	g := gateway.New(gateway.Options{Credentials: w, Authorizer: w})
	w.gw = g
	w.Register(g)
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// seeded is a world with the directory of A and the members B, C and D.
func seeded(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, nil)
	if err := w.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	for uid, name := range map[string]string{uidB: "security", uidC: "shop", uidD: "payments"} {
		if err := w.AddMember(uidA, uid, name, "invited"); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// newClient guards the constructors of the SDK's service clients, which fill a package variable without a lock.
var newClient sync.Mutex

func (w *world) client(t *testing.T, key string) *resourcemanager.Client {
	t.Helper()
	newClient.Lock()
	defer newClient.Unlock()
	client, err := resourcemanager.NewClientWithOptions("cn-hangzhou", sdk.NewConfig().WithScheme("HTTP"),
		credentials.NewAccessKeyCredential(key, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	client.Domain = strings.TrimPrefix(w.url, "http://")
	return client
}

// call sends a request without SDK package; params are key, value, key, value.
func (w *world) call(t *testing.T, key, product, version, action string, params ...string) (string, error) {
	t.Helper()
	r := requests.NewCommonRequest()
	r.Product, r.Version, r.ApiName, r.Scheme, r.Method = product, version, action, "HTTP", "POST"
	r.Domain = strings.TrimPrefix(w.url, "http://")
	for i := 0; i < len(params); i += 2 {
		r.QueryParams[params[i]] = params[i+1]
	}
	answer, err := w.client(t, key).ProcessCommonRequest(r)
	if err != nil {
		return "", err
	}
	return answer.GetHttpContentString(), nil
}

func (w *world) rd(t *testing.T, key, action string, params ...string) (string, error) {
	t.Helper()
	return w.call(t, key, "ResourceDirectoryMaster", "2022-04-19", action, params...)
}

// code is "<status> <code>" of an SDK error, "" for nil.
func code(err error) string {
	var e *sdkerrors.ServerError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return strings.Join([]string{itoa(e.HttpStatus()), e.ErrorCode()}, " ")
	}
	return err.Error()
}
