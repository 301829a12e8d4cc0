package sls

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

const shard0 = "/logstores/audit/shards/0"

// cursorAt asks for a cursor.
func (w *world) cursorAt(shard, from string) string {
	w.t.Helper()
	var c struct{ Cursor string }
	w.do(request{method: "GET", target: shard + "?type=cursor&from=" + from, project: "shop-logs"}).decode(w.t, &c)
	return c.Cursor
}

func pullTarget(shard, cursor string, count int, more string) string {
	return fmt.Sprintf("%s?type=logs&cursor=%s&count=%d%s", shard, strings.ReplaceAll(cursor, "=", "%3D"), count, more)
}

func TestPutAndPull(t *testing.T) {
	t.Parallel()
	small := groupOf("waf", "10.0.0.1", logOf(1672628645, 5, kv{"uri", "/a"}, kv{"uri", "/b"}, kv{"empty", ""}))
	var logs [][]byte
	for i := range 200 {
		logs = append(logs, logOf(1672628645, 0, kv{"k", strings.Repeat("x", i)}, kv{"raw", "\xff\xfe"}))
	}
	big := groupOf("", "", logs...)
	for _, route := range []string{"/logstores/audit", "/logstores/audit/shards/lb", "/logstores/audit/shards/route?key=5F", "/prometheus/shop-logs/audit/api/v1/write"} {
		for _, kind := range []string{"", "lz4", "zstd", "deflate"} {
			t.Run(route+" "+kind, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, nil)
				w.seed("audit", 1)
				for _, raw := range [][]byte{small, big} {
					if a := w.put(route, raw, kind, nil); a.status != 200 || len(a.body) != 0 {
						t.Fatalf("%d %s", a.status, a.body)
					}
				}
				for _, accept := range []string{"", "lz4", "zstd", "deflate", "gzip, lz4"} {
					groups, a := w.pull(pullTarget(shard0, w.cursorAt(shard0, "begin"), 10, ""), accept)
					if len(groups) != 2 || !bytes.Equal(groups[0], small) || !bytes.Equal(groups[1], big) {
						t.Errorf("accept %q: %d groups, %d %s", accept, len(groups), a.status, a.header)
					}
				}
			})
		}
	}
}

func TestPutErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 1)
	good := groupOf("t", "s", logOf(1, 0, kv{"a", "b"}))
	h := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	cases := []struct {
		name, target string
		raw          []byte
		kind         string
		header       map[string]string
		status       int
		code         string
	}{
		{"good", "/logstores/audit", good, "", nil, 200, ""},
		{"no logstore", "/logstores/absent", good, "", nil, 404, "LogStoreNotExist"},
		{"not protobuf", "/logstores/audit", good, "", h("Content-Type", "application/json"), 415, "InvalidContentType"},
		{"raw size", "/logstores/audit", good, "", h("x-log-bodyrawsize", "3"), 400, "InvalidBodyRawSize"},
		{"raw size of lz4", "/logstores/audit", good, "lz4", h("x-log-bodyrawsize", "300"), 400, "InvalidBodyRawSize"},
		{"not a size", "/logstores/audit", good, "", h("x-log-bodyrawsize", "x"), 400, "InvalidBodyRawSize"},
		{"too large", "/logstores/audit", good, "", h("x-log-bodyrawsize", "99999999"), 400, "PostBodyTooLarge"},
		{"codec", "/logstores/audit", good, "", h("x-log-compresstype", "snappy"), 400, "InvalidCompressType"},
		{"not lz4", "/logstores/audit", []byte("\xff\xff\xff\xff"), "", h("x-log-compresstype", "lz4"), 400, "PostBodyUncompressError"},
		{"not zstd", "/logstores/audit", good, "", h("x-log-compresstype", "zstd"), 400, "PostBodyUncompressError"},
		{"not deflate", "/logstores/audit", good, "", h("x-log-compresstype", "deflate"), 400, "PostBodyUncompressError"},
		{"not a group", "/logstores/audit", []byte("hello"), "", nil, 400, "PostBodyInvalid"},
		{"no logs", "/logstores/audit", groupOf("t", "s"), "", nil, 400, "PostBodyInvalid"},
		{"no time", "/logstores/audit", groupOf("t", "s", []byte{}), "", nil, 400, "PostBodyInvalid"},
		{"long topic", "/logstores/audit", groupOf(strings.Repeat("t", 129), "s", logOf(1, 0)), "", nil, 400, "PostBodyInvalid"},
		{"empty key", "/logstores/audit", groupOf("t", "s", logOf(1, 0, kv{"", "v"})), "", nil, 400, "InvalidKey"},
		{"bad key", "/logstores/audit", groupOf("t", "s", logOf(1, 0, kv{"\xff", "v"})), "", nil, 400, "InvalidEncoding"},
		{"nanoseconds of more than a second", "/logstores/audit", groupOf("t", "s", logOf(1, 1_000_000_000, kv{"a", "b"})), "", nil, 400, "InvalidTimestamp"},
		{"bad hash key", "/logstores/audit/shards/route?key=xyz", good, "", nil, 400, "ParameterInvalid"},
		{"a processor", "/logstores/audit?processor=mask", good, "", nil, 501, "NotImplemented"},
		{"no hash key", "/logstores/audit/shards/route", good, "", nil, 400, "ParameterInvalid"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if a := w.put(c.target, c.raw, c.kind, c.header); a.status != c.status || a.code() != c.code {
				t.Errorf("got %d %s, want %d %s", a.status, a.body, c.status, c.code)
			}
		})
	}
	t.Cleanup(func() {
		if end, _, err := w.s.End("shop-logs", "audit", 0); err != nil || end != start.UnixNano()+1 {
			t.Errorf("only one write was good, but the end is %d (%v)", end-start.UnixNano(), err)
		}
	})
}

func TestBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 1)
	var body []byte
	for i, kind := range []uint64{0, 2, 3, 1, 0} {
		raw := groupOf("t", strconv.Itoa(i), logOf(1, 0, kv{"a", "b"}))
		data, err := w.s.codec.compress(nil, raw, []string{"", "deflate", "lz4", "zstd"}[kind])
		if err != nil {
			t.Fatal(err)
		}
		p := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), data)
		if i < 4 { // the size is optional
			p = protowire.AppendVarint(protowire.AppendTag(p, 2, protowire.VarintType), uint64(len(raw)))
		}
		p = protowire.AppendVarint(protowire.AppendTag(p, 3, protowire.VarintType), kind)
		body = protowire.AppendBytes(protowire.AppendTag(body, 1, protowire.BytesType), p)
	}
	if a := w.put("/logstores/audit", body, "", map[string]string{"x-log-mode": "batch_group"}); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if groups, _ := w.pull(pullTarget(shard0, w.cursorAt(shard0, "begin"), 10, ""), "lz4"); len(groups) != 5 {
		t.Errorf("%d groups", len(groups))
	}
}

func TestCursors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 1)
	group := groupOf("t", "s", logOf(1, 0, kv{"a", "b"}))
	begin := w.cursorAt(shard0, "begin")
	if begin != w.cursorAt(shard0, "end") || begin != EncodeCursor(start.UnixNano()) {
		t.Errorf("begin of an empty shard: %s", begin)
	}
	for range 3 { // received at +0, +10, +20 seconds
		w.put("/logstores/audit", group, "", nil)
		w.clock.Advance(10 * time.Second)
	}
	at := func(n int64) string { return EncodeCursor(start.UnixNano() + n) }
	for from, want := range map[int64]int64{-5: 0, 0: 0, 1: 1, 10: 1, 20: 2, 21: 3, 99: 3, start.Unix() * 999: 3, math.MaxInt64 - start.Unix(): 3} { // also milliseconds, by mistake
		if got := w.cursorAt(shard0, strconv.FormatInt(start.Unix()+from, 10)); got != at(want) {
			t.Errorf("from +%d s: position %s, want %s", from, got, at(want))
		}
	}
	for n, want := range map[int64]int64{-9: 0, 0: 0, 1: 10, 2: 20, 3: 20} {
		var c struct {
			Time int64 `json:"cursor_time"`
		}
		w.do(request{method: "GET", target: shard0 + "?type=cursor_time&cursor=" + strings.ReplaceAll(at(n), "=", "%3D"), project: "shop-logs"}).decode(t, &c)
		if c.Time != start.Unix()+want {
			t.Errorf("time at %d: +%d, want +%d", n, c.Time-start.Unix(), want)
		}
	}
	cases := []struct {
		name, target string
		groups       int
		next         int64
		end, last    string
	}{
		{"two", pullTarget(shard0, at(0), 2, ""), 2, 2, "", strconv.FormatInt(start.UnixNano()+1, 10)},
		{"rest", pullTarget(shard0, at(2), 1000, ""), 1, 3, "1", strconv.FormatInt(start.UnixNano()+2, 10)},
		{"end", pullTarget(shard0, at(3), 1000, ""), 0, 3, "1", ""},
		{"beyond", pullTarget(shard0, at(9), 1000, ""), 0, 9, "1", ""},
		{"before", pullTarget(shard0, EncodeCursor(1), 1, ""), 1, 1, "", strconv.FormatInt(start.UnixNano(), 10)},
		{"end_cursor", pullTarget(shard0, at(0), 9, "&end_cursor="+strings.ReplaceAll(at(2), "=", "%3D")), 2, 2, "", strconv.FormatInt(start.UnixNano()+1, 10)},
		{"type log", strings.Replace(pullTarget(shard0, at(0), 9, ""), "type=logs", "type=log", 1), 3, 3, "1", strconv.FormatInt(start.UnixNano()+2, 10)},
	}
	for _, c := range cases {
		groups, a := w.pull(c.target, "zstd")
		h := a.header
		if len(groups) != c.groups || h.Get("x-log-count") != strconv.Itoa(c.groups) || h.Get("x-log-cursor") != at(c.next) ||
			h.Get("x-log-end-of-cursor") != c.end || h.Get("x-log-read-last-cursor") != c.last || h.Get("x-log-cursor-time") == "" {
			t.Errorf("%s: %d groups, %v", c.name, len(groups), h)
		}
	}
	head := w.do(request{method: "HEAD", target: pullTarget(shard0, at(0), 2, ""), project: "shop-logs", header: map[string]string{"Accept-Encoding": "lz4"}})
	if head.status != 200 || len(head.body) != 0 || head.header.Get("x-log-cursor") != at(2) {
		t.Errorf("HEAD: %d %v", head.status, head.header)
	}
	for target, code := range map[string]string{
		shard0 + "?type=logs&count=1&cursor=!!":                                                   "ParameterInvalid",
		shard0 + "?type=logs&count=1&cursor=" + base64.RawURLEncoding.EncodeToString([]byte("x")): "ParameterInvalid",
		pullTarget(shard0, begin, 0, ""):                                                          "ParameterInvalid",
		pullTarget(shard0, begin, 1001, ""):                                                       "ParameterInvalid",
		pullTarget("/logstores/audit/shards/7", begin, 1, ""):                                     "ShardNotExist",
		pullTarget(shard0, begin, 1, "&processor=p"):                                              "NotImplemented",
		shard0 + "?type=cursor&from=soon":                                                         "ParameterInvalid",
	} {
		if _, a := w.pull(target, ""); a.code() != code {
			t.Errorf("%s: %d %s, want %s", target, a.status, a.body, code)
		}
	}
}

func TestPullStopsAtEnoughBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 1)
	raw := groupOf("t", "s", logOf(1, 0, kv{"a", strings.Repeat("x", 1<<20)}))
	for range 6 {
		if err := w.s.Append(accountC, "shop-logs", "audit", raw, start); err != nil {
			t.Fatal(err)
		}
	}
	groups, a := w.pull(pullTarget(shard0, w.cursorAt(shard0, "begin"), 1000, ""), "lz4")
	if len(groups) != 4 || a.header.Get("x-log-end-of-cursor") != "" {
		t.Errorf("%d groups, %v", len(groups), a.header)
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if err := w.s.Seed(accountC, "shop-logs", "audit", 1, LogstoreConfig{TTL: 2, AppendMeta: true}); err != nil {
		t.Fatal(err)
	}
	begin := w.cursorAt(shard0, "begin")
	group := groupOf("t", "s", logOf(1, 0, kv{"a", "b"}))
	for range 3 {
		w.put("/logstores/audit", group, "", nil)
		w.clock.Advance(24 * time.Hour)
	}
	groups, a := w.pull(pullTarget(shard0, begin, 10, ""), "") // now is day 3: only the groups of day 1 and 2 are left
	if len(groups) != 2 || a.header.Get("x-log-cursor") != EncodeCursor(start.UnixNano()+3) {
		t.Errorf("%d groups, %v", len(groups), a.header)
	}
	var g logGroup
	if err := g.decode(groups[0]); err != nil {
		t.Fatal(err)
	}
	tags := fmt.Sprintf("%s", g.tags)
	if want := fmt.Sprintf("[{__client_ip__ 127.0.0.1} {__receive_time__ %d}]", start.Add(24*time.Hour).Unix()); tags != want {
		t.Errorf("tags %s, want %s", tags, want)
	}
	w.do(request{method: "POST", target: shard0 + "?action=split", project: "shop-logs"})
	w.clock.Advance(72 * time.Hour)
	var list []shardView
	w.do(request{method: "GET", target: "/logstores/audit/shards", project: "shop-logs"}).decode(t, &list)
	if len(list) != 2 || list[0].ID != 1 {
		t.Errorf("the read-only shard outlived its data: %+v", list)
	}
}

// TestReceiveTimeNeverFalls is what cursors by time rest on.
func TestReceiveTimeNeverFalls(t *testing.T) {
	t.Parallel()
	sh := &shard{last: start}
	for _, at := range []time.Duration{-time.Hour, time.Hour, -time.Hour, 2 * time.Hour} {
		if !sh.add(group{}, start.Add(at)) {
			t.Fatal("a writable shard refused a group")
		}
	}
	var got []time.Duration
	for _, g := range sh.groups {
		got = append(got, time.Unix(0, g.received).Sub(start))
	}
	if fmt.Sprint(got) != "[-1h0m0s 1h0m0s 1h0m0s 2h0m0s]" {
		t.Error(got)
	}
	if err := sh.freeze(start); err != nil || sh.add(group{}, start) || sh.freeze(start) == nil {
		t.Error("a read-only shard took a group or was frozen twice")
	}
}

func TestBodyTooLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, length := range []int64{maxBody + 1, -1} {
		body := io.LimitReader(zeros{}, 2*maxBody)
		r := httptest.NewRequest("POST", "/logstores/audit", body)
		r.ContentLength = length
		rec := httptest.NewRecorder()
		w.s.ServeHTTP(rec, r)
		if rec.Code != 400 || !strings.Contains(rec.Body.String(), "PostBodyTooLarge") {
			t.Errorf("length %d: %d %s", length, rec.Code, rec.Body)
		}
	}
	r := httptest.NewRequest("POST", "/logstores/audit", strings.NewReader("short"))
	r.ContentLength = 10
	rec := httptest.NewRecorder()
	if w.s.ServeHTTP(rec, r); rec.Code != 400 {
		t.Errorf("a body that ended early: %d %s", rec.Code, rec.Body)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

func TestShardQuota(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Quotas = Quotas{WriteCalls: 2, ReadCalls: 1} })
	w.seed("audit", 1)
	group := groupOf("t", "s", logOf(1, 0))
	begin := w.cursorAt(shard0, "begin")
	var codes []string
	for range 3 {
		codes = append(codes, w.put("/logstores/audit", group, "", nil).code())
	}
	for range 2 {
		_, a := w.pull(pullTarget(shard0, begin, 1, ""), "")
		codes = append(codes, a.code())
	}
	w.clock.Advance(time.Second)
	codes = append(codes, w.put("/logstores/audit", group, "", nil).code())
	if got := strings.Join(codes, ","); got != ",,ShardWriteQuotaExceed,,ShardReadQuotaExceed," {
		t.Error(got)
	}
}

func TestRouteByKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 4)
	for _, key := range []string{"00", "3f", "40", "FF", "ffffffffffffffffffffffffffffffff"} {
		w.put("/logstores/audit/shards/route?key="+key, groupOf("t", "s", logOf(1, 0)), "", nil)
	}
	shards, err := w.s.Shards("shop-logs", "audit")
	if err != nil {
		t.Fatal(err)
	}
	var counts []int64
	for _, sh := range shards {
		counts = append(counts, sh.End-sh.Begin)
	}
	if fmt.Sprint(counts) != "[2 1 0 2]" {
		t.Error(counts)
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 1)
	for i := range 3 {
		at := start.Add(time.Duration(i-3) * time.Hour) // the past may be seeded
		if err := w.s.Append(accountC, "shop-logs", "audit", groupOf("t", "s", logOf(1, 0)), at); err != nil {
			t.Fatal(err)
		}
	}
	since, err := w.s.Position("shop-logs", "audit", 0, start.Add(-2*time.Hour))
	end, last, err2 := w.s.End("shop-logs", "audit", 0)
	if err != nil || err2 != nil || since != start.UnixNano()+1 || end != start.UnixNano()+3 || !last.Equal(start.Add(-time.Hour)) {
		t.Errorf("since %d end %d last %s %v %v", since-start.UnixNano(), end-start.UnixNano(), last, err, err2)
	}
	if account, region, ok := w.s.Owner("shop-logs"); account != accountC || region != "cn-hangzhou" || !ok {
		t.Errorf("%s %s %v", account, region, ok)
	}
	if _, err := w.s.Shards("shop-logs", "absent"); err == nil {
		t.Error("an absent Logstore has shards")
	}
}

func FuzzLogGroup(f *testing.F) {
	f.Add([]byte{})
	f.Add(groupOf("t", "s", logOf(1, 2, kv{"a", "b"})))
	f.Add(appendTag(groupOf("t", "s"), "k", "v"))
	f.Add([]byte("\n\x02\x08"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var sc scratch
		var g group
		if checkGroup(raw, &sc, &g) != nil {
			return
		}
		// What is accepted must be served: through storage and out again, byte for byte, and searchable.
		s := New(Options{Credentials: keys{}, Authorizer: &policy{}})
		if err := s.Seed("1", "ppp", "lll", 1, LogstoreConfig{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Append("1", "ppp", "lll", raw, start); err != nil {
			t.Fatal(err)
		}
		ls, err := s.find("ppp", "lll")
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.appendRaw(nil, &ls.shards[0].groups[0])
		if err != nil || !bytes.Equal(got, raw) {
			t.Fatalf("%x came back as %x (%v)", raw, got, err)
		}
		if _, err = json.Marshal(string(sc.group.topic)); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzPackages(f *testing.F) {
	f.Add([]byte("\n\x03\n\x01x"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := decodePackages(raw)
		if err != nil && list != nil {
			t.Fatal("an error with packages")
		}
	})
}
