package sls

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"
)

// benchGroup is a LogGroup of 64 logs of 40 pairs each.
func benchGroup() []byte {
	var logs [][]byte
	for i := range 64 {
		var contents []kv
		for j := range 40 {
			contents = append(contents, kv{fmt.Sprintf("field_name_%d", j), fmt.Sprintf("value-%d-%x", j, i*7919+j*104729)})
		}
		logs = append(logs, logOf(uint32(start.Unix())+uint32(i), uint32(i), contents...))
	}
	return groupOf("waf_access_log", "waf_access_log", logs...)
}

// discard is a ResponseWriter that keeps only the status.
type discard struct {
	h      http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

// serve runs one signed request n times against the handler.
func (w *world) serve(b *testing.B, method, target string, body []byte, header map[string]string) {
	b.Helper()
	req := httptest.NewRequest(method, target, nil)
	req.Header.Set("x-log-project", "shop-logs")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	if body != nil {
		req.Header.Set("Content-MD5", fmt.Sprintf("%X", md5.Sum(body)))
	}
	w.sign(req, request{})
	b.ReportAllocs()
	for b.Loop() {
		if body != nil {
			req.Body, req.ContentLength = nopCloser{bytes.NewReader(body)}, int64(len(body))
		}
		d := &discard{h: http.Header{}, status: 200}
		w.s.ServeHTTP(d, req)
		if d.status != 200 {
			b.Fatal(d.status)
		}
	}
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }

func BenchmarkPutLogs(b *testing.B) {
	raw := benchGroup()
	for _, kind := range []string{"", "lz4"} {
		b.Run("codec="+kind, func(b *testing.B) {
			w := newWorld(b, nil)
			w.seed("audit", 1)
			body, err := w.s.codec.compress(nil, raw, kind)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(raw)))
			h := map[string]string{"Content-Type": "application/x-protobuf", "x-log-bodyrawsize": strconv.Itoa(len(raw))}
			if kind != "" {
				h["x-log-compresstype"] = kind
			}
			w.serve(b, "POST", "/logstores/audit/shards/lb", bytes.Clone(body), h)
		})
	}
}

func BenchmarkPull(b *testing.B) {
	raw := benchGroup()
	w := newWorld(b, nil)
	w.seed("audit", 1)
	const groups = 20
	for range groups {
		if err := w.s.Append(accountC, "shop-logs", "audit", raw, start); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(raw) * groups))
	w.serve(b, "GET", pullTarget(shard0, EncodeCursor(0), 1000, ""), nil, map[string]string{"Accept-Encoding": "lz4"})
}

// BenchmarkSearch looks at 102,400 logs for a rare word.
func BenchmarkSearch(b *testing.B) {
	w := newWorld(b, nil)
	w.seed("audit", 2)
	raw := benchGroup()
	for i := range 1600 {
		if err := w.s.Append(accountC, "shop-logs", "audit", raw, start.Add(time.Duration(i)*time.Millisecond)); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.s.PutIndex(b.Context(), w.keys["c"].Caller, "shop-logs", "audit", []byte(`{"line":{"token":["-"," "]},"keys":{"field_name_3":{"type":"text","token":["-"]}}}`)); err != nil {
		b.Fatal(err)
	}
	body := fmt.Appendf(nil, `{"from":%d,"to":%d,"query":"field_name_3:absent"}`, start.Unix(), start.Unix()+100)
	w.serve(b, "POST", "/logstores/audit/logs", body, map[string]string{"Content-Type": "application/json"})
}
