package gateway

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// pairWorld is a request that would succeed, as long as nobody breaks it.
type pairWorld struct {
	orderWorld
	credential         auth.Credential
	unknown, throttled bool
	taken              bool // what the request makes is there already
	nonce              string
}

const usedNonce = "used-before"

// gatewayFaults are the errors of accounts.md §1.8 by the step that finds them, the first one first. Each breaks a
// request in one way. Unlike the sheet, a malformed signature comes before the key, which cannot be read without it.
var gatewayFaults = []struct {
	step       int
	name, code string
	inflict    func(*pairWorld)
}{
	{0, "body", "InvalidParameter", func(w *pairWorld) { w.body = "&%zz" }},
	{1, "form of the signature", "IncompleteSignature", func(w *pairWorld) { w.malformed = true }},
	{2, "key", "InvalidAccessKeyId.NotFound", func(w *pairWorld) { w.unknown = true }},
	{3, "disabled key", "InvalidAccessKeyId.Inactive", func(w *pairWorld) { w.credential.Active = false }},
	{4, "no token", "MissingSecurityToken", func(w *pairWorld) { w.token = "" }},
	{4, "token", "InvalidSecurityToken.Malformed", func(w *pairWorld) { w.token = "nonsense" }},
	{4, "token of another key", "InvalidSecurityToken.MismatchWithAccessKey", func(w *pairWorld) { w.token = "other-token" }},
	{4, "old token", "InvalidSecurityToken.Expired", func(w *pairWorld) { w.credential.Expires = vectorTime }},
	{5, "no time", "IllegalTimestamp", func(w *pairWorld) { w.stamp = "-" }},
	{5, "form of the time", "InvalidTimeStamp.Format", func(w *pairWorld) { w.stamp = "2026-01-02 03:04:05" }},
	{5, "time", "InvalidTimeStamp.Expired", func(w *pairWorld) { w.stamp = vectorTime.Add(16 * time.Minute).Format("2006-01-02T15:04:05Z") }},
	{6, "secret", "SignatureDoesNotMatch", func(w *pairWorld) { w.secret = "wrong" }},
	{7, "nonce", "SignatureNonceUsed", func(w *pairWorld) { w.nonce = usedNonce }},
	{8, "version", "InvalidProduct.NotFound", func(w *pairWorld) { w.version = "1999-01-01" }},
	{8, "action", "InvalidApi.NotFound", func(w *pairWorld) { w.action = "Nope" }},
	{9, "flow control", "Throttling.User", func(w *pairWorld) { w.throttled = true }},
	{10, "permission", "NoPermission", func(w *pairWorld) { w.allow = false }},
	{11, "parameter", "MissingName", func(w *pairWorld) { w.name = "" }},
	{12, "state", "EntityAlreadyExists.X", func(w *pairWorld) { w.taken = true }},
}

// answer sends the request to a fresh gateway and returns the code, "" for success.
func (w *pairWorld) answer(t *testing.T) string {
	t.Helper()
	w.keys["STS.other"] = auth.Credential{Token: "other-token"}
	if !w.unknown {
		w.keys["STS.k"] = w.credential
	}
	g := New(Options{Credentials: w.keys, Authorizer: w, Clock: func() time.Time { return vectorTime }})
	g.Register("X", "2020-01-01", map[string]Operation{"Do": {
		Permissions: func(*Call) []Permission { return []Permission{{Action: "x:Do", Resource: "*"}} },
		Handle: func(_ context.Context, c *Call) (any, error) {
			switch {
			case c.Get("Name") == "":
				return nil, Missing("Name")
			case w.taken:
				return nil, Errorf(http.StatusConflict, "EntityAlreadyExists.X", "It exists.")
			}
			return nil, nil
		},
	}})
	if w.throttled {
		g.Inject(Fault{Status: 400, Code: "Throttling.User"})
	}
	g.nonces.use("STS.k", usedNonce, vectorTime)
	status, body := call(g, w.request(w.nonce))
	if status == http.StatusOK {
		return ""
	}
	return decodeError(t, body).Code
}

func soundRequest(scheme string) *pairWorld {
	return &pairWorld{
		orderWorld: orderWorld{scheme: scheme, keys: keyring{}, at: vectorTime, secret: "s", token: "token", action: "Do", name: "n", allow: true},
		credential: auth.Credential{Secret: "s", Token: "token", Active: true, Expires: vectorTime.Add(time.Hour)},
		nonce:      "fresh",
	}
}

// TestTwoFaults: of any two errors of different steps, the earlier one is answered.
func TestTwoFaults(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"V1", "ACS3"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			if got := soundRequest(scheme).answer(t); got != "" {
				t.Fatalf("a sound request: %s", got)
			}
			for i, first := range gatewayFaults {
				for _, second := range gatewayFaults[i:] {
					if second.step == first.step && second.name != first.name {
						continue
					}
					w := soundRequest(scheme)
					second.inflict(w)
					first.inflict(w)
					if got := w.answer(t); got != first.code {
						t.Errorf("%s and %s: %q, want %s", first.name, second.name, got, first.code)
					}
				}
			}
		})
	}
}
