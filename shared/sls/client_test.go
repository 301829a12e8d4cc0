package sls

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pierrec/lz4/v4"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

var testCredentials = Credentials{vectorKey, vectorSecret, vectorToken}

func static(context.Context) (Credentials, error) { return testCredentials, nil }

// verify checks a v1 signature the way the service does: from what arrived.
func verify(t *testing.T, r *http.Request, body []byte) {
	t.Helper()
	s := signable{method: r.Method, host: r.Host, path: r.URL.EscapedPath(), query: r.URL.Query(), header: r.Header, body: body}
	if got, want := r.Header.Get("Authorization"), "LOG "+vectorKey+":"+signatureV1(s, vectorSecret); got != want {
		t.Errorf("%s %s: Authorization = %q, want %q", r.Method, r.URL, got, want)
	}
	if len(body) > 0 && r.Header.Get("Content-MD5") != fmt.Sprintf("%X", md5.Sum(body)) {
		t.Errorf("Content-MD5 = %q", r.Header.Get("Content-MD5"))
	}
	if r.Header.Get("x-acs-security-token") != vectorToken || r.Header.Get("x-log-apiversion") != "0.6.0" {
		t.Errorf("headers = %v", r.Header)
	}
}

// fake starts a service that verifies signatures and answers with h, and returns its project "p".
func fake(t *testing.T, h func(w http.ResponseWriter, r *http.Request, body []byte)) *Project {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		verify(t, r, body)
		w.Header().Set("x-log-requestid", "REQ1")
		h(w, r, body)
	}))
	t.Cleanup(srv.Close)
	return New(Config{Endpoint: srv.URL, Region: "cn-hangzhou", Credentials: static, Account: "1100000000000003", HTTPClient: srv.Client()}).Project("p")
}

func answerPage(w http.ResponseWriter, next Cursor, count int, raw []byte) {
	body := make([]byte, lz4.CompressBlockBound(len(raw)))
	n, _ := lz4.CompressBlock(raw, body, nil)
	h := w.Header()
	h.Set("x-log-cursor", next.String())
	h.Set("x-log-count", strconv.Itoa(count))
	h.Set("x-log-bodyrawsize", strconv.Itoa(len(raw)))
	h.Set("x-log-compresstype", "lz4")
	_, _ = w.Write(body[:n])
}

func TestPull(t *testing.T) {
	t.Parallel()
	load := newWorkload(100_000)
	n := len(load.groups)
	p := fake(t, func(w http.ResponseWriter, r *http.Request, _ []byte) {
		want := map[string]string{"type": "logs", "cursor": Cursor(1000).String(), "count": "1000", "end_cursor": Cursor(5000).String()}
		for k, v := range want {
			if r.URL.Query().Get(k) != v {
				t.Errorf("%s = %q, want %q", k, r.URL.Query().Get(k), v)
			}
		}
		if r.URL.Path != "/logstores/l/shards/3" || r.Header.Get("x-log-project") != "p" || r.Header.Get("Accept-Encoding") != "lz4" {
			t.Errorf("request %s %v", r.URL, r.Header)
		}
		answerPage(w, 1000+Cursor(n), n, load.list)
	})
	var buf PageBuffer
	for range 3 { // the buffer is used again
		page, err := p.Pull(t.Context(), "l", 3, 1000, PullOptions{End: 5000, Buf: &buf})
		if err != nil {
			t.Fatal(err)
		}
		if page.Count != n || page.Next != 1000+Cursor(n) || page.First() != 1000 || page.EndReached || !bytes.Equal(page.Raw, load.list) {
			t.Fatalf("page = %d groups, %d to %d, end %v", page.Count, page.First(), page.Next, page.EndReached)
		}
		seen := 0
		for i, g := range page.Groups() {
			if !bytes.Equal(g.Raw(), load.groups[i]) || page.CursorOf(i) != 1000+Cursor(i) || g.NumLogs() != 64 || string(g.Topic()) != "waf_access_log" {
				t.Fatalf("group %d differs", i)
			}
			seen++
		}
		if seen != n {
			t.Fatalf("%d groups, want %d", seen, n)
		}
	}
}

func TestPullAnswers(t *testing.T) {
	t.Parallel()
	g := vectorGroup(t)
	list := append([]byte{0x0a, byte(len(g))}, g...)
	tests := []struct {
		name   string
		answer func(http.ResponseWriter)
		kind   soc.Kind
		check  func(*Page) bool
	}{
		{"idle", func(w http.ResponseWriter) { answerPage(w, 7, 0, nil) }, "", func(p *Page) bool { return p.EndReached && p.Count == 0 && p.Next == 7 && p.First() == 7 }},
		{"empty but moved on", func(w http.ResponseWriter) { answerPage(w, 9, 0, nil) }, "", func(p *Page) bool { return !p.EndReached && p.Next == 9 }},
		{"end by header", func(w http.ResponseWriter) { w.Header().Set("x-log-end-of-cursor", "1"); answerPage(w, 8, 1, list) }, "", func(p *Page) bool { return p.EndReached }},
		{"last cursor by header", func(w http.ResponseWriter) {
			w.Header().Set("x-log-read-last-cursor", "11")
			answerPage(w, 20, 1, list)
		}, "", func(p *Page) bool { return p.CursorOf(0) == 11 && p.First() == 11 }},
		{"last cursor after next", func(w http.ResponseWriter) {
			w.Header().Set("x-log-read-last-cursor", "20")
			answerPage(w, 20, 1, list)
		}, soc.Internal, nil},
		{"plain body", func(w http.ResponseWriter) {
			w.Header().Set("x-log-cursor", Cursor(8).String())
			w.Header().Set("x-log-count", "1")
			_, _ = w.Write(list)
		}, "", func(p *Page) bool { return p.Count == 1 }},
		{"cursor goes back", func(w http.ResponseWriter) { answerPage(w, 6, 1, list) }, soc.Internal, nil},
		{"count lies", func(w http.ResponseWriter) { answerPage(w, 9, 2, list) }, soc.Internal, nil},
		{"no cursor", func(w http.ResponseWriter) { w.Header().Set("x-log-count", "0") }, soc.Internal, nil},
		{"malformed group", func(w http.ResponseWriter) { answerPage(w, 8, 1, list[:20]) }, soc.Invalid, nil},
		{"raw size lies", func(w http.ResponseWriter) {
			w.Header().Set("x-log-cursor", Cursor(8).String())
			w.Header().Set("x-log-count", "1")
			w.Header().Set("x-log-compresstype", "lz4")
			w.Header().Set("x-log-bodyrawsize", "71")
			_, _ = w.Write(vectorBody(t))
		}, soc.Internal, nil},
		{"bomb", func(w http.ResponseWriter) {
			w.Header().Set("x-log-cursor", Cursor(8).String())
			w.Header().Set("x-log-count", "1")
			w.Header().Set("x-log-compresstype", "lz4")
			w.Header().Set("x-log-bodyrawsize", "4000000000")
		}, soc.Internal, nil},
		{"codec not asked for", func(w http.ResponseWriter) {
			w.Header().Set("x-log-cursor", Cursor(8).String())
			w.Header().Set("x-log-count", "1")
			w.Header().Set("x-log-compresstype", "zstd")
			w.Header().Set("x-log-bodyrawsize", "5")
		}, soc.Internal, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := fake(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) { tt.answer(w) })
			page, err := p.Pull(t.Context(), "l", 0, 7, PullOptions{})
			if soc.KindOf(err) != tt.kind {
				t.Fatalf("error = %v, want kind %q", err, tt.kind)
			}
			if err == nil && !tt.check(page) {
				t.Errorf("page = %+v", page)
			}
			if err != nil && !strings.Contains(err.Error(), "REQ1") {
				t.Errorf("error %q does not name the request", err)
			}
		})
	}
}

func TestPutLogs(t *testing.T) {
	t.Parallel()
	raw := newWorkload(1).groups[0]
	for _, key := range []string{"", "5F"} {
		p := fake(t, func(_ http.ResponseWriter, r *http.Request, body []byte) {
			want := "/logstores/l"
			if key != "" {
				want = "/logstores/l/shards/route"
			}
			if r.Method != http.MethodPost || r.URL.Path != want || r.URL.Query().Get("key") != key {
				t.Errorf("request %s %s", r.Method, r.URL)
			}
			got := make([]byte, len(raw))
			if n, err := lz4.UncompressBlock(body, got); err != nil || n != len(raw) || !bytes.Equal(got, raw) {
				t.Errorf("body does not hold the group: %d bytes, %v", n, err)
			}
			if r.Header.Get("x-log-bodyrawsize") != strconv.Itoa(len(raw)) || r.Header.Get("Content-Type") != "application/x-protobuf" {
				t.Errorf("headers %v", r.Header)
			}
		})
		if err := p.PutLogs(t.Context(), "l", raw, key); err != nil {
			t.Fatal(err)
		}
		if err := p.PutLogs(t.Context(), "l", nil, key); soc.KindOf(err) != soc.Invalid {
			t.Errorf("empty group: %v", err)
		}
		if err := p.PutLogs(t.Context(), "l", make([]byte, MaxGroupBytes+1), key); soc.KindOf(err) != soc.Invalid {
			t.Errorf("large group: %v", err)
		}
	}
}

func TestListsAndQueries(t *testing.T) {
	t.Parallel()
	p := fake(t, func(w http.ResponseWriter, r *http.Request, body []byte) {
		q := r.URL.Query()
		switch r.Method + " " + r.URL.Path {
		case "GET /":
			if r.Header.Get("x-log-project") == "" {
				fmt.Fprintf(w, `{"count":1,"total":7,"projects":[{"projectName":"%s%s","owner":"11","region":"cn-hangzhou","status":"Normal"}]}`, q.Get("projectName"), q.Get("offset"))
				return
			}
			fmt.Fprint(w, `{"projectName":"p","status":"Normal"}`)
		case "GET /logstores":
			off, _ := strconv.Atoi(q.Get("offset"))
			names := make([]string, min(500, 501-off))
			b, _ := json.Marshal(map[string]any{"total": 501, "count": len(names), "logstores": names})
			_, _ = w.Write(b)
		case "GET /logstores/l":
			if q.Get("type") == "histogram" {
				w.Header().Set("x-log-progress", "Complete")
				fmt.Fprintf(w, `[{"from":%s,"to":%s,"count":%s,"progress":"Complete"}]`, q.Get("from"), q.Get("to"), q.Get("interval"))
				return
			}
			fmt.Fprint(w, `{"logstoreName":"l","ttl":30,"shardCount":2,"mode":"standard","appendMeta":true,"createTime":5}`)
		case "GET /logstores/l/shards":
			fmt.Fprint(w, `[{"shardID":0,"status":"readonly","inclusiveBeginKey":"00","exclusiveEndKey":"80","createTime":5},{"shardID":1,"status":"readwrite"}]`)
		case "GET /logstores/l/shards/1":
			fmt.Fprintf(w, `{"cursor":"%s"}`, Cursor(42))
		case "POST /logstores/l/logs":
			var in map[string]any
			_ = json.Unmarshal(body, &in)
			raw := fmt.Sprintf(`{"meta":{"progress":"Complete","count":1},"data":[{"q":"%v","line":"%v","__time__":"%v"}]}`, in["query"], in["line"], in["from"])
			packed := make([]byte, 500)
			n, _ := lz4.CompressBlock([]byte(raw), packed, nil)
			w.Header().Set("x-log-compresstype", "lz4")
			w.Header().Set("x-log-bodyrawsize", strconv.Itoa(len(raw)))
			_, _ = w.Write(packed[:n])
		default:
			http.NotFound(w, r)
		}
	})
	ctx := t.Context()
	projects, total, err := p.c.ListProjects(ctx, 3, 0, "wafnew-")
	if err != nil || total != 7 || len(projects) != 1 || projects[0].Name != "wafnew-3" || projects[0].Owner != "11" {
		t.Errorf("ListProjects = %v, %d, %v", projects, total, err)
	}
	if info, err := p.Get(ctx); err != nil || info.Name != "p" {
		t.Errorf("Get = %v, %v", info, err)
	}
	if names, err := p.ListLogstores(ctx); err != nil || len(names) != 501 {
		t.Errorf("ListLogstores = %d names, %v", len(names), err)
	}
	info, err := p.GetLogstore(ctx, "l")
	if diff := cmp.Diff(LogstoreInfo{Name: "l", TTLDays: 30, Shards: 2, Mode: "standard", AppendMeta: true, CreatedAt: 5}, info); diff != "" || err != nil {
		t.Errorf("GetLogstore %v (-want +got):\n%s", err, diff)
	}
	shards, err := p.ListShards(ctx, "l")
	if err != nil || len(shards) != 2 || !shards[0].ReadOnly() || shards[1].ReadOnly() || shards[1].ID != 1 {
		t.Errorf("ListShards = %v, %v", shards, err)
	}
	if c, err := p.Cursor(ctx, "l", 1, "begin"); err != nil || c != 42 {
		t.Errorf("Cursor = %d, %v", c, err)
	}
	res, err := p.GetLogs(ctx, "l", Query{From: time.Unix(100, 0), To: time.Unix(200, 0), Query: `a and b`})
	want := &Result{Complete: true, Count: 1, Logs: []map[string]string{{"q": "a and b", "line": "100", "__time__": "100"}}}
	if diff := cmp.Diff(want, res); diff != "" || err != nil {
		t.Errorf("GetLogs %v (-want +got):\n%s", err, diff)
	}
	h, complete, err := p.GetHistograms(ctx, "l", time.Unix(100, 0), time.Unix(200, 0), "status: 200", time.Minute)
	wantH := []Histogram{{time.Unix(100, 0).UTC(), time.Unix(200, 0).UTC(), 60, true}}
	if diff := cmp.Diff(wantH, h); diff != "" || err != nil || !complete {
		t.Errorf("GetHistograms %v (-want +got):\n%s", err, diff)
	}
}

func TestErrorKinds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int
		code   string
		want   soc.Kind
	}{
		{401, "Unauthorized", soc.Denied},
		{401, "SignatureNotMatch", soc.Denied},
		{403, "ProjectForbidden", soc.Denied},
		{403, "ReadQuotaExceed", soc.Throttled},
		{403, "ShardWriteQuotaExceed", soc.Throttled},
		{400, "ProjectQuotaExceed", soc.Conflict},
		{404, "ProjectNotExist", soc.NotFound},
		{400, "ShardNotExist", soc.NotFound},
		{400, "LogStoreAlreadyExist", soc.Conflict},
		{400, "ParameterInvalid", soc.Invalid},
		{501, "NotImplemented", soc.Unsupported},
		{503, "ServerBusy", soc.Unavailable},
		{500, "InternalServerError", soc.Unavailable},
		{429, "", soc.Throttled},
		{502, "", soc.Unavailable},
		{302, "", soc.Internal},
		{201, "", soc.Internal},
	}
	for _, tt := range tests {
		if got := kindOf(tt.status, tt.code); got != tt.want {
			t.Errorf("kindOf(%d, %q) = %s, want %s", tt.status, tt.code, got, tt.want)
		}
	}
	p := fake(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"errorCode":"Unauthorized","errorMessage":"denied%s"}`, strings.Repeat("x", 2000))
	})
	_, err := p.ListShards(t.Context(), "l")
	var e *soc.Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %v", err)
	}
	if e.Code != "Unauthorized" || e.RequestID != "REQ1" || e.Account != "1100000000000003" || e.Resource != "project/p/logstore/l" || len(e.Error()) > 800 {
		t.Errorf("error = %+v", e)
	}
	if !strings.Contains(e.Next, "log:ListShards") {
		t.Errorf("Next = %q, want the RAM action", e.Next)
	}
}

// transport answers in process, for tests of time.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, body string, pairs ...string) *http.Response {
	return &http.Response{StatusCode: status, Header: header(pairs...), Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

func clientOf(f transport) *Project {
	return New(Config{Endpoint: "cn-hangzhou.log.aliyuncs.com", Region: "cn-hangzhou", Credentials: static, HTTPClient: &http.Client{Transport: f}}).Project("p")
}

func TestContextEndsRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		p := clientOf(func(r *http.Request) (*http.Response, error) {
			calls++
			if calls == 2 { // the second attempt hangs
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return answer(503, "{}"), nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := p.ListShards(ctx, "l")
		if soc.KindOf(err) != soc.Timeout || !errors.Is(err, context.DeadlineExceeded) || calls != 2 {
			t.Errorf("error = %v after %d calls, want Timeout after 2", err, calls)
		}
	})
}

func TestClockIsCorrectedOnce(t *testing.T) {
	t.Parallel()
	for _, always := range []bool{false, true} {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		service := now.Add(40 * time.Minute)
		var dates []string
		p := clientOf(func(r *http.Request) (*http.Response, error) {
			dates = append(dates, r.Header.Get("Date"))
			if len(dates) == 1 || always {
				return answer(400, `{"errorCode":"RequestTimeExpired"}`, "x-log-time", strconv.FormatInt(service.Unix(), 10)), nil
			}
			return answer(200, "[]"), nil
		})
		p.c.now = func() time.Time { return now }
		_, err := p.ListShards(t.Context(), "l")
		want := []string{now.Format(http.TimeFormat), service.Format(http.TimeFormat)}
		if diff := cmp.Diff(want, dates); diff != "" || (err != nil) != always {
			t.Errorf("error %v, dates (-want +got):\n%s", err, diff)
		}
	}
}

func TestProjectTravels(t *testing.T) {
	t.Parallel()
	tests := []struct{ endpoint, url, header string }{
		{"cn-hangzhou.log.aliyuncs.com", "https://p.cn-hangzhou.log.aliyuncs.com/logstores/l/shards", ""},
		{"http://cn-hangzhou-intranet.log.aliyuncs.com", "http://p.cn-hangzhou-intranet.log.aliyuncs.com/logstores/l/shards", ""},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080/logstores/l/shards", "p"},
		{"http://localhost:8080/", "http://localhost:8080/logstores/l/shards", "p"},
		{"http://[::1]:8080", "http://[::1]:8080/logstores/l/shards", "p"},
	}
	for _, tt := range tests {
		var got *http.Request
		c := New(Config{Endpoint: tt.endpoint, Credentials: static, HTTPClient: &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			got = r
			return answer(200, "[]"), nil
		})}})
		if _, err := c.Project("p").ListShards(t.Context(), "l"); err != nil {
			t.Fatal(err)
		}
		if got.URL.String() != tt.url || got.Header.Get("x-log-project") != tt.header {
			t.Errorf("%s: %s with x-log-project %q; want %s, %q", tt.endpoint, got.URL, got.Header.Get("x-log-project"), tt.url, tt.header)
		}
	}
}

func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	p := clientOf(func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.ListShards(ctx, "l")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "cred", testCredentials, "err", err)
	text := log.String() + fmt.Sprintf("%v %+v %#v", testCredentials, testCredentials, testCredentials)
	if strings.Contains(text, vectorSecret) || strings.Contains(text, vectorToken) {
		t.Errorf("secret in %s", text)
	}
	denied := New(Config{Endpoint: "127.0.0.1:1", Credentials: func(context.Context) (Credentials, error) {
		return Credentials{}, &soc.Error{Kind: soc.Denied, Op: "assume role", Err: errors.New("no")}
	}})
	if _, err := denied.Project("p").ListShards(t.Context(), "l"); soc.KindOf(err) != soc.Denied {
		t.Errorf("credentials refused: %v, want Denied", err)
	}
}

func TestGetLogsCompleteRepeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		p := clientOf(func(*http.Request) (*http.Response, error) {
			calls++
			if calls < 4 {
				return answer(200, `{"meta":{"progress":"Incomplete"},"data":[]}`), nil
			}
			return answer(200, `{"meta":{"progress":"Complete"},"data":[{"a":"1"}]}`), nil
		})
		res, err := p.GetLogsComplete(t.Context(), "l", Query{})
		if err != nil || !res.Complete || res.Count != 1 || calls != 4 {
			t.Errorf("%+v, %v after %d calls", res, err, calls)
		}
	})
}

func TestIncompleteQueriesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		p := clientOf(func(r *http.Request) (*http.Response, error) {
			calls++
			if r.Method == http.MethodGet {
				return answer(200, `[{"from":1,"to":2,"count":3,"progress":"Incomplete"}]`, "x-log-progress", "Incomplete"), nil
			}
			return answer(200, `{"meta":{"progress":"Incomplete"},"data":[{"a":"1"}]}`), nil
		})
		begin := time.Now()
		res, err := p.GetLogsComplete(t.Context(), "l", Query{})
		if err != nil || res.Complete || res.Count != 1 || calls != completeTries || time.Since(begin) > 5*time.Minute {
			t.Errorf("%+v, %v after %d calls in %v", res, err, calls, time.Since(begin))
		}
		calls = 0
		h, complete, err := p.GetHistogramsComplete(t.Context(), "l", time.Unix(1, 0), time.Unix(2, 0), "", 0)
		if err != nil || complete || len(h) != 1 || calls != completeTries {
			t.Errorf("%v, %v, %v after %d calls", h, complete, err, calls)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if res, err = p.GetLogsComplete(ctx, "l", Query{}); err != nil || res.Complete || res.Count != 1 {
			t.Errorf("at the end of its time: %+v, %v", res, err)
		}
	})
}

func TestClientIsConcurrent(t *testing.T) {
	t.Parallel()
	raw := vectorGroup(t)
	p := fake(t, func(w http.ResponseWriter, r *http.Request, _ []byte) {
		if r.Method == http.MethodGet {
			answerPage(w, 8, 1, append([]byte{0x0a, byte(len(raw))}, raw...))
		}
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var buf PageBuffer
			for range 10 {
				if _, err := p.Pull(t.Context(), "l", 0, 7, PullOptions{Buf: &buf}); err != nil {
					t.Error(err)
				}
				if err := p.PutLogs(t.Context(), "l", raw, ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
