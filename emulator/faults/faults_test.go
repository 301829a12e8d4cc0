package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

func injector(t *testing.T, h Hooks, seed uint64, list ...Fault) *Injector {
	t.Helper()
	i, err := New(Plan{Seed: seed, Faults: list}, h)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

var caller = auth.Caller{AccountID: "3", ARN: "acs:ram::3:role/fenghuo-collector/s", AccessKeyID: "STS.1"}

// TestPick: what a fault matches, how often, and that the first one wins.
func TestPick(t *testing.T) {
	t.Parallel()
	pull := Target{"Sls", "PullLogs", caller}
	for name, tt := range map[string]struct {
		faults []Fault
		calls  []Target
		want   []Kind
	}{
		"once":           {[]Fault{{Kind: Throttle}}, []Target{pull, pull}, []Kind{Throttle, ""}},
		"skip and count": {[]Fault{{Kind: Throttle, Skip: 1, Count: 2}}, []Target{pull, pull, pull, pull}, []Kind{"", Throttle, Throttle, ""}},
		"without end":    {[]Fault{{Kind: Throttle, Count: -1}}, []Target{pull, pull, pull}, []Kind{Throttle, Throttle, Throttle}},
		"by operation":   {[]Fault{{Kind: Throttle, Operation: "pulllogs", Service: "SLS"}}, []Target{{"Sls", "PutLogs", caller}, {"x", "PullLogs", caller}, pull}, []Kind{"", "", Throttle}},
		"by account":     {[]Fault{{Kind: Throttle, Account: "4"}, {Kind: Unavailable, Account: "3"}}, []Target{pull}, []Kind{Unavailable}},
		"by caller":      {[]Fault{{Kind: Throttle, Caller: "role/fenghuo-responder"}, {Kind: Unavailable, Caller: "role/fenghuo-collector/"}}, []Target{pull}, []Kind{Unavailable}},
		"the first wins": {[]Fault{{Kind: Throttle}, {Kind: Unavailable, Skip: 1}}, []Target{pull, pull, pull}, []Kind{Throttle, Unavailable, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := injector(t, Hooks{}, 1, tt.faults...)
			var got []Kind
			for _, c := range tt.calls {
				k := Kind("")
				if f := i.Pick(c); f != nil {
					k = f.Kind
				}
				got = append(got, k)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// TestSeed: one seed gives one sequence, another seed another, and the share is near the probability.
func TestSeed(t *testing.T) {
	t.Parallel()
	sequence := func(seed uint64) (s string, hits int) {
		i := injector(t, Hooks{}, seed, Fault{Kind: Throttle, Probability: 0.3, Count: -1})
		for range 2000 {
			if i.Pick(Target{Caller: caller}) != nil {
				s, hits = s+"x", hits+1
			} else {
				s += "."
			}
		}
		return s, hits
	}
	one, hits := sequence(7)
	if again, _ := sequence(7); again != one {
		t.Error("the same seed gave another sequence")
	}
	if other, _ := sequence(8); other == one {
		t.Error("another seed gave the same sequence")
	}
	if hits < 500 || hits > 700 {
		t.Errorf("%d of 2000 struck, want about 600", hits)
	}
}

// served runs one call through Serve on a real connection.
func served(t *testing.T, i *Injector, service string, timeout time.Duration, effect *atomic.Int32) (status int, body string, header http.Header, err error) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if a, ok := Refusal(r.Context()); ok { // as a service does
				w.WriteHeader(a.Status)
				_ = json.NewEncoder(w).Encode(map[string]string{"Code": a.Code})
				return
			}
			effect.Add(1)
			_, _ = io.WriteString(w, `{"whole":"answer"}`)
		})
		b, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(b))
		target := Target{service, "Op", caller}
		if f := i.Pick(target); f != nil {
			i.Serve(f, target, w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}))
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Client().Do(req)
	if err != nil {
		return 0, "", nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), res.Header, err
}

// TestAnswers: refusals in the words of each family of services, without any effect.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault   Fault
		service string
		status  int
		code    string
	}{
		"throttled RPC":   {Fault{Kind: Throttle}, "Ram", 400, "Throttling.User"},
		"throttled SLS":   {Fault{Kind: Throttle}, "Sls", 403, "WriteQuotaExceed"},
		"throttled FC":    {Fault{Kind: Throttle}, "FC", 429, "ResourceExhausted"},
		"unavailable RPC": {Fault{Kind: Unavailable}, "fnf", 503, "ServiceUnavailable"},
		"unavailable SLS": {Fault{Kind: Unavailable}, "Sls", 503, "ServerBusy"},
		"unavailable FC":  {Fault{Kind: Unavailable}, "FC", 500, "InternalServerError"},
		"own words":       {Fault{Kind: Unavailable, Status: 502, Code: "Bad.Gateway", Message: "m"}, "Ram", 502, "Bad.Gateway"},
		"skewed RPC":      {Fault{Kind: ClockSkew}, "Sts", 400, "InvalidTimeStamp.Expired"},
		"skewed SLS":      {Fault{Kind: ClockSkew, Skew: -time.Hour}, "Sls", 400, "RequestTimeExpired"},
		"skewed FC":       {Fault{Kind: ClockSkew}, "FC", 403, "AccessDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			var effect atomic.Int32
			status, body, h, err := served(t, injector(t, Hooks{Clock: func() time.Time { return now }}, 1, tt.fault), tt.service, time.Minute, &effect)
			var e struct {
				Code      string
				ErrorCode string `json:"errorCode"`
			}
			if jerr := json.Unmarshal([]byte(body), &e); err != nil || jerr != nil || status != tt.status || e.Code+e.ErrorCode != tt.code || effect.Load() != 0 {
				t.Errorf("%d %s, %v, %v, %d effects", status, body, err, jerr, effect.Load())
			}
			if tt.fault.Kind != ClockSkew {
				return
			}
			want := now.Add(20 * time.Minute)
			if tt.fault.Skew != 0 {
				want = now.Add(tt.fault.Skew)
			}
			if got := h.Get("Date"); got != want.Format(http.TimeFormat) {
				t.Errorf("Date %s, want %s", got, want.Format(http.TimeFormat))
			}
		})
	}
}

// TestConnections: what breaks or waits, with and without the effect.
func TestConnections(t *testing.T) {
	t.Parallel()
	killed := Hooks{Kill: func(account, function string) int {
		if account+"/"+function == "2/collect" {
			return 1
		}
		return 0
	}}
	for name, tt := range map[string]struct {
		fault  Fault
		effect int32
		ok     bool
		body   string
	}{
		"time-out before":         {Fault{Kind: TimeoutBefore}, 0, false, ""},
		"time-out after":          {Fault{Kind: TimeoutAfter}, 1, false, ""},
		"held for a time":         {Fault{Kind: TimeoutBefore, Wait: time.Millisecond}, 0, false, ""},
		"cut answer":              {Fault{Kind: CutAnswer}, 1, false, `{"whole":`},
		"slow":                    {Fault{Kind: Slow, Wait: 5 * time.Millisecond}, 1, true, `{"whole":"answer"}`},
		"slower than the client":  {Fault{Kind: Slow, Wait: time.Minute}, 0, false, ""},
		"killed before":           {Fault{Kind: Kill, Function: "2/collect"}, 0, false, ""},
		"killed after":            {Fault{Kind: Kill, Function: "2/collect", At: After}, 1, false, ""},
		"nothing to kill":         {Fault{Kind: Kill, Function: "2/none"}, 1, true, `{"whole":"answer"}`},
		"nothing to kill, after":  {Fault{Kind: Kill, Function: "2/none", At: After}, 1, true, `{"whole":"answer"}`},
		"a split without a shard": {Fault{Kind: SplitShard}, 1, true, `{"whole":"answer"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var effect atomic.Int32
			began := time.Now()
			status, body, _, err := served(t, injector(t, killed, 1, tt.fault), "Sls", 300*time.Millisecond, &effect)
			if (err == nil) != tt.ok || effect.Load() != tt.effect || body != tt.body {
				t.Errorf("%d %q, %v, %d effects", status, body, err, effect.Load())
			}
			if tt.fault.Kind == Slow && tt.ok && time.Since(began) < tt.fault.Wait {
				t.Errorf("it took %v", time.Since(began))
			}
		})
	}
}

type keys map[string]auth.Credential

func (k keys) Credential(id string) (auth.Credential, bool) { c, ok := k[id]; return c, ok }
func (k keys) KnowsToken(token string) bool                 { return token == "known" }

// TestCredentials: keys expire and are revoked from the struck call on, and no others are touched.
func TestCredentials(t *testing.T) {
	t.Parallel()
	later := time.Now().Add(time.Hour)
	inner := keys{"STS.1": {Token: "t", Expires: later, Active: true}, "STS.2": {Token: "u", Expires: later, Active: true}, "LTAI": {Active: true}}
	for name, tt := range map[string]struct {
		kind  Kind
		key   string
		judge func(auth.Credential, bool) bool
	}{
		"expired":            {Expire, "STS.1", func(c auth.Credential, ok bool) bool { return ok && c.Expires.Before(time.Now()) && c.Active }},
		"expired, long-term": {Expire, "LTAI", func(c auth.Credential, ok bool) bool { return ok && c.Expires.IsZero() && c.Active }},
		"revoked":            {Revoke, "STS.1", func(_ auth.Credential, ok bool) bool { return !ok }},
		"revoked, long-term": {Revoke, "LTAI", func(c auth.Credential, ok bool) bool { return ok && !c.Active }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := injector(t, Hooks{}, 1, Fault{Kind: tt.kind})
			c := i.Credentials(inner)
			target := Target{"Sls", "PullLogs", auth.Caller{AccessKeyID: tt.key}}
			if got, ok := c.Credential(tt.key); !ok || !got.Active {
				t.Fatal("the key was touched before the fault")
			}
			w := httptest.NewRecorder()
			i.Serve(i.Pick(target), target, w, httptest.NewRequest(http.MethodGet, "/", nil), http.NotFoundHandler())
			if got, ok := c.Credential(tt.key); !tt.judge(got, ok) {
				t.Errorf("credential %+v, %v", got, ok)
			}
			if got, ok := c.Credential("STS.2"); !ok || got.Expires != later {
				t.Error("another key was touched")
			}
		})
	}
	c := injector(t, Hooks{}, 1).Credentials(inner)
	if k, ok := c.(interface{ KnowsToken(string) bool }); !ok || !k.KnowsToken("known") || k.KnowsToken("x") {
		t.Error("KnowsToken is not passed on")
	}
}

func TestDuplicate(t *testing.T) {
	t.Parallel()
	i := injector(t, Hooks{}, 1, Fault{Kind: Duplicate, Function: "2/detect", Skip: 1})
	got := []bool{i.Duplicate("2", "detect"), i.Duplicate("2", "correlate"), i.Duplicate("3", "detect"), i.Duplicate("2", "detect"), i.Duplicate("2", "detect")}
	if d := cmp.Diff([]bool{false, false, false, true, false}, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if i.Pick(Target{}) != nil {
		t.Error("a duplicate struck a call")
	}
	if d := cmp.Diff([]int{1}, i.Hits()); d != "" {
		t.Errorf("hits: %s", d)
	}
}

// TestRuns: faults of runs strike no calls, and the other way round; refusals carry the words of Function Compute.
func TestRuns(t *testing.T) {
	t.Parallel()
	i := injector(t, Hooks{}, 1, Fault{Kind: Throttle, Run: "2/detect"}, Fault{Kind: Unavailable, Run: "2/detect", Skip: 1, At: After, Code: "own"}, Fault{Kind: Slow, Operation: "InvokeFunction", Wait: time.Second})
	if f := i.Pick(Target{"FC", "InvokeFunction", caller}); f == nil || f.Kind != Slow {
		t.Errorf("a call met %+v", f)
	}
	if r := i.Run("2", "correlate"); r != nil {
		t.Errorf("another function met %+v", r)
	}
	if r := i.Run("2", "detect"); r == nil || r.Refusal != (Answer{429, "ResourceExhausted", "the concurrency limit is exceeded"}) {
		t.Errorf("first run %+v", r)
	}
	if r := i.Run("2", "detect"); r == nil || r.At != After || r.Refusal.Status != 500 || r.Refusal.Code != "own" {
		t.Errorf("second run %+v", r)
	}
	if r := i.Run("2", "detect"); r != nil {
		t.Errorf("third run %+v", r)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := Parse([]byte("seed: 7\nfaults:\n  - {kind: slow, operation: PullLogs, wait: 1s500ms, probability: 0.5, count: -1}\n  - {kind: kill, function: 2/collect, at: after}\n"))
	want := Plan{7, []Fault{
		{Kind: Slow, Operation: "PullLogs", Wait: 1500 * time.Millisecond, Probability: 0.5, Count: -1, Skew: 20 * time.Minute},
		{Kind: Kill, Function: "2/collect", At: After, Count: 1, Skew: 20 * time.Minute},
	}}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
	if p, err := Parse([]byte(`{"seed": 1, "faults": [{"kind": "throttle", "service": "Ram"}]}`)); err != nil || len(p.Faults) != 1 {
		t.Errorf("JSON: %v", err)
	}
	for text, part := range map[string]string{
		"faults: [{kind: trottle}]":                                               "unknown kind",
		"faults: [{kind: throttle, opration: x}]":                                 "opration",
		"faults: [{kind: throttle, probability: 2}]":                              "probability",
		"faults: [{kind: throttle, probability: .nan}]":                           "probability",
		"faults: [{kind: slow}]":                                                  "needs wait",
		"faults: [{kind: slow, wait: 2h}]":                                        "wait",
		"faults: [{kind: kill}]":                                                  "needs function",
		"faults: [{kind: kill, function: 2/f, at: noon}]":                         "before or after",
		"faults: [{kind: throttle, at: after}]":                                   "before or after",
		"faults: [{kind: throttle, function: 2/f}]":                               "no function",
		"faults: [{kind: duplicate-delivery, function: collect}]":                 "needs function",
		"faults: [{kind: duplicate-delivery, function: 2/f, operation: PutLogs}]": "no call",
		"faults: [{kind: clock-skew, skew: 1m}]":                                  "tolerate",
		"faults: [{kind: throttle, status: 200}]":                                 "no error",
		"faults: [{kind: slow, wait: 1s, code: x}]":                               "no status",
		"faults: [{kind: throttle, skip: -1}]":                                    "skip",
		"faults: [{kind: throttle, run: detect}]":                                 "is not <account>",
		"faults: [{kind: cut-answer, run: 2/f}]":                                  "strikes no runs",
		"faults: [{kind: throttle, run: 2/f, operation: PutLogs}]":                "takes no call",
		"faults: [{kind: kill, run: 2/f, at: after}]":                             "takes wait",
		"nonsense": "",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Load(t.TempDir() + "/none.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("seed: 7\nfaults:\n  - {kind: slow, wait: 1s}\n"))
	f.Add([]byte(`{"faults":[{"kind":"kill","function":"a/b","at":"after"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		i, err := New(p, Hooks{})
		if err != nil {
			t.Fatalf("a plan that was parsed is refused: %v", err)
		}
		for range 10 {
			i.Pick(Target{"Sls", "PullLogs", caller})
		}
		for n, h := range i.Hits() {
			if c := p.Faults[n].Count; c > 0 && h > c {
				t.Errorf("fault %d struck %d times, at most %d", n, h, c)
			}
		}
	})
}

func BenchmarkPick(b *testing.B) {
	i, err := New(Plan{Faults: []Fault{{Kind: Throttle, Operation: "PutLogs", Probability: 0.1, Count: -1}}}, Hooks{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		i.Pick(Target{"Sls", "PutLogs", caller})
	}
}
