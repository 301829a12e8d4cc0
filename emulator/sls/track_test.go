package sls

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tracked makes a world with a Logstore that takes web tracking and one that does not.
func tracked(t testing.TB) *world {
	w := newWorld(t, func(o *Options) { o.Quotas.ProjectWriteCalls = 100 })
	if err := w.s.Seed(accountC, "shop-logs", "web", 1, LogstoreConfig{EnableTracking: true}); err != nil {
		t.Fatal(err)
	}
	w.seed("audit", 1)
	if err := w.s.PutIndex(t.Context(), w.keys["c"].Caller, "shop-logs", "web", []byte(`{"line":{"token":[" "]}}`)); err != nil {
		t.Fatal(err)
	}
	return w
}

// found are the logs of the Logstore web.
func (w *world) found() []map[string]string {
	w.t.Helper()
	var rows []map[string]string
	w.do(request{method: "GET", project: "shop-logs", target: "/logstores/web?type=log&from=0&to=4000000000"}).decode(w.t, &rows)
	return rows
}

func TestTrack(t *testing.T) {
	t.Parallel()
	now := strconv.FormatInt(start.Unix(), 10)
	for _, c := range []struct {
		name string
		r    request
		want []map[string]string
	}{
		{
			"one log",
			request{method: "GET", target: "/logstores/web/track?APIVersion=0.6.0&__topic__=shop&a=1%202&b="},
			[]map[string]string{{"__time__": now, "__topic__": "shop", "__source__": "127.0.0.1", "a": "1 2", "b": ""}},
		},
		{
			"an image",
			request{method: "GET", target: "/logstores/web/track.gif?APIVersion=0.6.0&__source__=s&a=1", header: map[string]string{"User-Agent": "ua"}},
			[]map[string]string{{"__time__": now, "__source__": "s", "a": "1"}},
		},
		{
			"an image with the browser",
			request{method: "GET", target: "/logstores/web/track_ua.gif?APIVersion=0.6.0&a=1", header: map[string]string{"User-Agent": "ua", "Referer": "https://x.test/"}},
			[]map[string]string{{"__time__": now, "__source__": "127.0.0.1", "a": "1", "__userAgent__": "ua", "__referer__": "https://x.test/"}},
		},
		{
			"many logs",
			request{
				method: "POST", target: "/logstores/web/track", header: map[string]string{"x-log-apiversion": "0.6.0", "x-log-bodyrawsize": "9"},
				body: []byte(`{"__topic__":"t","__source__":"s","__tags__":{"k":"v"},"__logs__":[{"a":"1","n":2,"__time__":"5"},{"o":{"x": [true]}}]}`),
			},
			[]map[string]string{
				{"__time__": now, "__topic__": "t", "__source__": "s", "__tag__:k": "v", "a": "1", "n": "2"},
				{"__time__": now, "__topic__": "t", "__source__": "s", "__tag__:k": "v", "o": `{"x":[true]}`},
			},
		},
	} {
		w := tracked(t)
		c.r.project, c.r.unsigned = "shop-logs", true
		a := w.do(c.r)
		if a.status != 200 || a.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
		if image := strings.Contains(c.r.target, ".gif"); image != (a.header.Get("Content-Type") == "image/gif" && len(a.body) > 0) {
			t.Errorf("%s answers %q", c.name, a.body)
		}
		if d := cmp.Diff(c.want, w.found()); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

// TestTrackFromOtherSites: a browser asks before a page sends JSON with headers of the service, and shows it errors.
func TestTrackFromOtherSites(t *testing.T) {
	t.Parallel()
	w := tracked(t)
	ask := func(store string) answer {
		h := map[string]string{"Origin": "https://shop.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-log-apiversion,x-log-bodyrawsize"}
		return w.do(request{method: "OPTIONS", target: "/logstores/" + store + "/track", project: "shop-logs", unsigned: true, header: h})
	}
	a := ask("web")
	if h := a.header; a.status != 200 || h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "POST") ||
		h.Get("Access-Control-Allow-Headers") != "content-type,x-log-apiversion,x-log-bodyrawsize" {
		t.Errorf("%d %v %s", a.status, h, a.body)
	}
	if a = ask("audit"); a.status != 401 || a.code() != "Unauthorized" {
		t.Errorf("tracking is off, but: %d %s", a.status, a.body)
	}
	a = w.do(request{method: "POST", target: "/logstores/web/track", project: "shop-logs", unsigned: true, body: []byte("{"), header: map[string]string{"x-log-apiversion": "0.6.0"}})
	if a.code() != "PostBodyInvalid" || a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%v %s", a.header, a.body)
	}
}

func TestTrackCompressed(t *testing.T) {
	t.Parallel()
	w := tracked(t)
	raw := []byte(`{"__logs__":[` + strings.Repeat(`{"a":"1"},`, 50) + `{"a":"1"}]}`)
	for _, kind := range []string{"lz4", "deflate", "zstd"} {
		body, err := w.s.codec.compress(nil, raw, kind)
		if err != nil {
			t.Fatal(err)
		}
		h := map[string]string{"x-log-apiversion": "0.6.0", "x-log-bodyrawsize": strconv.Itoa(len(raw)), "x-log-compresstype": kind}
		if a := w.do(request{method: "POST", target: "/logstores/web/track", project: "shop-logs", unsigned: true, body: body, header: h}); a.status != 200 {
			t.Errorf("%s: %s", kind, a.body)
		}
	}
	if n := len(w.found()); n != 100 { // a page
		t.Errorf("%d logs", n)
	}
}

func TestTrackRefusals(t *testing.T) {
	t.Parallel()
	w := tracked(t)
	get := func(target string) request {
		return request{method: "GET", target: target, project: "shop-logs", unsigned: true}
	}
	post := func(store, body string, header ...string) request {
		h := map[string]string{"x-log-apiversion": "0.6.0"}
		for i := 0; i < len(header); i += 2 {
			h[header[i]] = header[i+1]
		}
		return request{method: "POST", target: "/logstores/" + store + "/track", project: "shop-logs", unsigned: true, body: []byte(body), header: h}
	}
	nowhere := get("/logstores/web/track?APIVersion=0.6.0&a=1")
	nowhere.project = ""
	absent := nowhere
	absent.project = "absent"
	runSteps(t, w, []step{
		{"not enabled", get("/logstores/audit/track?APIVersion=0.6.0&a=1"), 401, "Unauthorized", ""},
		{"not enabled, many", post("audit", `{"__logs__":[{"a":"1"}]}`), 401, "Unauthorized", ""},
		{"no Logstore", get("/logstores/absent/track?APIVersion=0.6.0&a=1"), 404, "LogStoreNotExist", ""},
		{"no project", absent, 404, "ProjectNotExist", ""},
		{"a host without project", nowhere, 400, "InvalidHost", ""},
		{"no version", get("/logstores/web/track?a=1"), 400, "MissingAPIVersion", ""},
		{"another version", get("/logstores/web/track?APIVersion=0.7.0&a=1"), 400, "InvalidAPIVersion", ""},
		{"no field", get("/logstores/web/track?APIVersion=0.6.0&__topic__=x"), 400, "ParameterInvalid", ""},
		{"too much", get("/logstores/web/track?APIVersion=0.6.0&a=" + url.QueryEscape(strings.Repeat("x", 16<<10))), 400, "PostBodyTooLarge", ""},
		{"a long key", get("/logstores/web/track?APIVersion=0.6.0&" + strings.Repeat("k", 129) + "=1"), 400, "InvalidKey", ""},
		{"no logs", post("web", `{"__logs__":[]}`), 400, "PostBodyInvalid", ""},
		{"no JSON", post("web", `{`), 400, "PostBodyInvalid", ""},
		{"a log that is none", post("web", `{"__logs__":["a"]}`), 400, "PostBodyInvalid", ""},
		{"another codec", post("web", `{}`, "x-log-compresstype", "snappy", "x-log-bodyrawsize", "2"), 400, "InvalidCompressType", ""},
		{"no raw size", post("web", `{}`, "x-log-compresstype", "lz4"), 400, "MissingBodyRawSize", ""},
		{"not compressed", post("web", `{}`, "x-log-compresstype", "zstd", "x-log-bodyrawsize", "2"), 400, "PostBodyUncompressError", ""},
	})
	if rows := w.found(); len(rows) != 0 {
		t.Errorf("refused logs were kept: %v", rows)
	}
}
