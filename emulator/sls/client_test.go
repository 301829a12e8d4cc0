package sls

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/clock"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

const (
	accountC = "1100000000000003"
	accountD = "1100000000000004"
)

var start = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

// keys is a set of credentials by access key id.
type keys map[string]auth.Credential

func (k keys) Credential(id string) (auth.Credential, bool) {
	c, ok := k[id]
	return c, ok
}

// policy allows what belongs to the caller's account unless it is denied, and records the questions.
type policy struct {
	mu    sync.Mutex
	deny  string // action
	asked []string
}

func (p *policy) Authorize(_ context.Context, r auth.Request) auth.Decision {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, r.Action+" "+r.Resource)
	if r.Action == p.deny || strings.Split(r.Resource, ":")[3] != r.Caller.AccountID {
		return auth.Decision{Detail: &auth.Denial{PolicyType: "AccountLevelIdentityBasedPolicy", AuthAction: r.Action, NoPermissionType: "ImplicitDeny"}}
	}
	return auth.Decision{Allowed: true}
}

func (p *policy) last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[len(p.asked)-1]
}

// world is a service behind a server, with keys "c" of account C and "d" of account D.
type world struct {
	t      testing.TB
	s      *Service
	clock  *clock.Clock
	policy *policy
	keys   keys
	server *httptest.Server
	refuse *faults.Answer // what calls answer instead of running
}

func credential(account, id string) auth.Credential {
	return auth.Credential{Active: true, Secret: "secret-" + id, Caller: auth.Caller{
		Type: auth.User, AccountID: account, Name: id, ARN: "acs:ram::" + account + ":user/" + id, AccessKeyID: id,
	}}
}

func newWorld(t testing.TB, change func(*Options)) *world {
	t.Helper()
	w := &world{t: t, clock: clock.Standing(start), policy: &policy{}, keys: keys{"c": credential(accountC, "c"), "d": credential(accountD, "d")}}
	o := Options{Credentials: w.keys, Authorizer: w.policy, Clock: w.clock.Now, BaseHosts: []string{"sls.test"}}
	if change != nil {
		change(&o)
	}
	w.s = New(o)
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.refuse != nil {
			r = r.WithContext(faults.WithRefusal(r.Context(), *w.refuse))
		}
		w.s.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.server.Close)
	return w
}

// seed makes project "shop-logs" of account C with one Logstore.
func (w *world) seed(name string, shards int) {
	w.t.Helper()
	if err := w.s.Seed(accountC, "shop-logs", name, shards, LogstoreConfig{}); err != nil {
		w.t.Fatal(err)
	}
}

// request is one call of the test client.
type request struct {
	method, target string // target: path and query
	project        string
	key            string // "" = c
	body           []byte
	header         map[string]string
	unsigned       bool
	v4             bool
	sha256         bool // with v1
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) code() string {
	var e struct {
		Code string `json:"errorCode"`
	}
	_ = json.Unmarshal(a.body, &e) // "" when it is no error
	return e.Code
}

func (a answer) decode(t testing.TB, v any) {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

func (w *world) do(r request) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), r.method, w.server.URL+r.target, bytes.NewReader(r.body))
	if err != nil {
		w.t.Fatal(err)
	}
	if r.project != "" {
		req.Header.Set("x-log-project", r.project)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	if req.Header.Get("Accept-Encoding") == "" {
		req.Header.Set("Accept-Encoding", "identity")
	}
	if !r.unsigned {
		w.sign(req, r)
	}
	resp, err := w.server.Client().Transport.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(resp.Header.Get("x-log-requestid")) != 24 || resp.Header.Get("x-log-time") == "" || resp.Header.Get("Date") == "" {
		w.t.Errorf("%s %s: an answer lacks the common headers: %v", r.method, r.target, resp.Header)
	}
	return answer{resp.StatusCode, resp.Header, body}
}

func (w *world) sign(req *http.Request, r request) {
	id := r.key
	if id == "" {
		id = "c"
	}
	set := func(name, value string) {
		if req.Header.Get(name) == "" {
			req.Header.Set(name, value)
		}
	}
	set("x-log-apiversion", "0.6.0")
	set("x-log-bodyrawsize", strconv.Itoa(len(r.body)))
	if len(r.body) > 0 {
		set("Content-Type", "application/json")
	}
	if token := w.keys[id].Token; token != "" {
		set("x-acs-security-token", token)
	}
	secret := w.keys[id].Secret
	if r.v4 {
		signV4(req, r.body, id, secret, w.clock.Now())
		return
	}
	set("Date", w.clock.Now().UTC().Format(http.TimeFormat))
	method, digest := "hmac-sha1", sha1.New
	if r.sha256 {
		method, digest = "hmac-sha256", sha256.New
	}
	set("x-log-signaturemethod", method)
	if len(r.body) > 0 {
		set("Content-MD5", fmt.Sprintf("%X", md5.Sum(r.body)))
	}
	var headers []string
	for name := range req.Header {
		if n := strings.ToLower(name); (strings.HasPrefix(n, "x-log-") || strings.HasPrefix(n, "x-acs-")) && n != "x-log-date" {
			headers = append(headers, n+":"+req.Header.Get(name))
		}
	}
	slices.Sort(headers)
	var params []string
	for name, values := range req.URL.Query() {
		params = append(params, name+"="+values[0])
	}
	slices.Sort(params)
	resource := req.URL.EscapedPath()
	if len(params) > 0 {
		resource += "?" + strings.Join(params, "&")
	}
	text := strings.Join(append(append([]string{req.Method, req.Header.Get("Content-MD5"), req.Header.Get("Content-Type"), req.Header.Get("Date")}, headers...), resource), "\n")
	mac := hmac.New(digest, []byte(secret))
	mac.Write([]byte(text))
	req.Header.Set("Authorization", "LOG "+id+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func signV4(req *http.Request, body []byte, id, secret string, now time.Time) {
	date := now.UTC().Format("20060102T150405Z")
	req.Header.Set("x-log-date", date)
	req.Header.Set("x-log-content-sha256", fmt.Sprintf("%x", sha256.Sum256(body)))
	scope := date[:8] + "/cn-hangzhou/sls/aliyun_v4_request"
	sum := sha256.Sum256([]byte(canonicalV4(req, req.URL.Host)))
	text := strings.Join([]string{"SLS4-HMAC-SHA256", date, scope, hex.EncodeToString(sum[:])}, "\n")
	req.Header.Set("Authorization", "SLS4-HMAC-SHA256 Credential="+id+"/"+scope+",Signature="+
		hex.EncodeToString(hmac256(keyV4(secret, date[:8], "cn-hangzhou"), text)))
}

// kv is one content of a log in tests.
type kv = [2]string

// logOf serializes a Log.
func logOf(sec uint32, ns uint32, contents ...kv) []byte {
	b := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(sec))
	for _, c := range contents {
		b = protowire.AppendBytes(protowire.AppendTag(b, 2, protowire.BytesType), pairOf(c[0], c[1]))
	}
	if ns != 0 {
		b = protowire.AppendFixed32(protowire.AppendTag(b, 4, protowire.Fixed32Type), ns)
	}
	return b
}

func pairOf(key, value string) []byte {
	b := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), key)
	return protowire.AppendString(protowire.AppendTag(b, 2, protowire.BytesType), value)
}

// groupOf serializes a LogGroup.
func groupOf(topic, source string, logs ...[]byte) []byte {
	var b []byte
	for _, l := range logs {
		b = protowire.AppendBytes(protowire.AppendTag(b, 1, protowire.BytesType), l)
	}
	b = protowire.AppendString(protowire.AppendTag(b, 3, protowire.BytesType), topic)
	return protowire.AppendString(protowire.AppendTag(b, 4, protowire.BytesType), source)
}

// put writes a LogGroup with a codec and returns the answer.
func (w *world) put(target string, raw []byte, kind string, header map[string]string) answer {
	w.t.Helper()
	body, err := w.s.codec.compress(nil, raw, kind)
	if err != nil {
		w.t.Fatal(err)
	}
	h := map[string]string{"Content-Type": "application/x-protobuf", "x-log-bodyrawsize": strconv.Itoa(len(raw))}
	if kind != "" {
		h["x-log-compresstype"] = kind
	}
	for k, v := range header {
		h[k] = v
	}
	return w.do(request{method: "POST", target: target, project: "shop-logs", body: body, header: h})
}

// pull reads groups and returns them serialized, with the answer.
func (w *world) pull(target, kind string) ([][]byte, answer) {
	w.t.Helper()
	a := w.do(request{method: "GET", target: target, project: "shop-logs", header: map[string]string{"Accept-Encoding": kind, "Accept": "application/x-protobuf"}})
	if a.status != http.StatusOK {
		return nil, a
	}
	size, err := strconv.Atoi(a.header.Get("x-log-bodyrawsize"))
	if err != nil {
		w.t.Fatal(err)
	}
	raw := a.body
	if size > 0 {
		if raw, err = w.s.codec.decompress(nil, a.body, a.header.Get("x-log-compresstype"), size); err != nil {
			w.t.Fatal(err)
		}
	}
	return splitGroups(w.t, raw), a
}

func splitGroups(t testing.TB, list []byte) [][]byte {
	t.Helper()
	var groups [][]byte
	for len(list) > 0 {
		num, data, rest, err := nextBytes(list, 1)
		if err != nil || num != 1 {
			t.Fatalf("not a LogGroupList: field %d, %v", num, err)
		}
		groups, list = append(groups, data), rest
	}
	return groups
}
