package sls

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zlib"
	"github.com/pierrec/lz4/v4"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// saw runs call against a service that answers with reply, and returns what was sent.
func saw(t *testing.T, reply *http.Response, call func(p *Project) error) (req *http.Request, body []byte, err error) {
	t.Helper()
	p := clientOf(func(r *http.Request) (*http.Response, error) {
		req = r
		if r.Body != nil {
			var b bytes.Buffer
			_, _ = b.ReadFrom(r.Body)
			body = b.Bytes()
		}
		return reply, nil
	})
	err = call(p)
	return req, body, err
}

// pullReply is the answer of an idle pull.
func pullReply() *http.Response {
	return answer(200, "", "x-log-cursor", Cursor(7).String(), "x-log-count", "0", "x-log-bodyrawsize", "0")
}

// TestFacts is the list of sls.md §0, one test each: what is easy to get wrong.
func TestFacts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	raw := vectorGroup(t)
	put := func(o PutOptions) func(p *Project) error {
		return func(p *Project) error { return p.Put(ctx, "l", raw, o) }
	}
	pull := func(p *Project) error {
		_, err := p.Pull(ctx, "l", 0, 7, PullOptions{})
		return err
	}

	t.Run("1 the project is the first label of the host, or a header", func(t *testing.T) {
		req, _, err := saw(t, answer(200, "[]"), func(p *Project) error { _, err := p.ListShards(ctx, "l"); return err })
		if err != nil || req.URL.Host != "p.cn-hangzhou.log.aliyuncs.com" || req.Header.Get("x-log-project") != "" {
			t.Errorf("%v with %v, %v", req.URL, req.Header, err)
		} // the header: TestProjectTravels
	})
	t.Run("2 both write routes", func(t *testing.T) {
		for path, o := range map[string]PutOptions{
			"/logstores/l": {}, "/logstores/l/shards/lb": {Balanced: true}, "/logstores/l/shards/route": {HashKey: "5F"},
			"/prometheus/p/l/api/v1/write": {Metrics: true},
		} {
			if req, _, err := saw(t, answer(200, ""), put(o)); err != nil || req.URL.Path != path || req.Method != http.MethodPost {
				t.Errorf("%+v went to %v, %v", o, req.URL, err)
			}
		}
	})
	t.Run("3 pull says type=logs", func(t *testing.T) {
		if req, _, err := saw(t, pullReply(), pull); err != nil || req.URL.Query().Get("type") != "logs" {
			t.Errorf("%v, %v", req.URL, err)
		}
	})
	t.Run("4 lz4 is one raw block, deflate is zlib", func(t *testing.T) {
		req, body, err := saw(t, answer(200, ""), put(PutOptions{}))
		got := make([]byte, len(raw))
		if n, errLZ4 := lz4.UncompressBlock(body, got); err != nil || errLZ4 != nil || !bytes.Equal(got[:n], raw) || req.Header.Get("x-log-bodyrawsize") != "72" {
			t.Errorf("lz4: %d bytes, %v, %v", n, err, errLZ4)
		}
		req, body, err = saw(t, answer(200, ""), put(PutOptions{Codec: Deflate}))
		z, errZ := zlib.NewReader(bytes.NewReader(body))
		if err != nil || errZ != nil || req.Header.Get("x-log-compresstype") != "deflate" {
			t.Fatal(err, errZ)
		}
		var out bytes.Buffer
		if _, err := out.ReadFrom(z); err != nil || !bytes.Equal(out.Bytes(), raw) {
			t.Errorf("deflate: %v", err)
		}
		req, body, err = saw(t, answer(200, ""), put(PutOptions{Codec: Plain}))
		if _, has := req.Header["X-Log-Compresstype"]; err != nil || has || !bytes.Equal(body, raw) {
			t.Errorf("plain: %v, %v", req.Header, err)
		}
	})
	t.Run("5 v1 signs decoded values, v4 encoded ones", func(t *testing.T) {
		s := signable{method: "GET", host: "h", path: "/", query: url.Values{"q": {"a b"}, "e": {""}}, header: http.Header{}}
		if c := canonicalV4(s); !strings.Contains(c, "\ne&q=a%20b\n") {
			t.Errorf("v4 signs %q", c)
		}
		one := signatureV1(s, "k")
		s.query.Set("q", "a%20b")
		if one == signatureV1(s, "k") {
			t.Error("v1 does not see the difference of a decoded value")
		} // the exact text: V1-c and V4-c
	})
	t.Run("6 x-log-date is not signed in v1", func(t *testing.T) {
		s := signable{method: "GET", path: "/", header: header("Date", "d", "x-log-apiversion", "0.6.0")}
		want := signatureV1(s, "k")
		s.header.Set("x-log-date", "anything")
		if got := signatureV1(s, "k"); got != want {
			t.Error("the signature changed")
		}
	})
	t.Run("7 v1 with SHA-256", func(t *testing.T) {
		var got *http.Request
		c := New(Config{Endpoint: "h.example", SignSHA256: true, Credentials: static, HTTPClient: &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			got = r
			return answer(200, "[]"), nil
		})}})
		if _, err := c.Project("p").ListShards(ctx, "l"); err != nil {
			t.Fatal(err)
		}
		_, mac, _ := strings.Cut(got.Header.Get("Authorization"), ":")
		sum, err := base64.StdEncoding.DecodeString(mac)
		if err != nil || len(sum) != 32 || got.Header.Get("x-log-signaturemethod") != "hmac-sha256" {
			t.Errorf("%v", got.Header)
		}
	})
	t.Run("8 v4 lists no headers, and signs by the rule", func(t *testing.T) {
		s := signable{method: "GET", host: "h:81", path: "/", header: header("content-type", "x", "x-log-a", "1", "x-acs-b", "2", "accept", "3", "date", "4")}
		if c := canonicalV4(s); !strings.Contains(c, "\ncontent-type;host;x-acs-b;x-log-a\n") || !strings.Contains(c, "\nhost:h:81\n") {
			t.Errorf("signed: %q", c)
		}
	})
	t.Run("9 the raw size is there on every request, and true", func(t *testing.T) {
		req, _, _ := saw(t, pullReply(), pull)
		if req.Header.Get("x-log-bodyrawsize") != "0" {
			t.Errorf("pull: %v", req.Header)
		}
		req, body, _ := saw(t, answer(200, ""), func(p *Project) error { return p.Update(ctx, "d") })
		if req.Header.Get("x-log-bodyrawsize") != strconv.Itoa(len(body)) || len(body) == 0 {
			t.Errorf("JSON body of %d: %v", len(body), req.Header)
		}
	})
	t.Run("10 success is exactly 200", func(t *testing.T) {
		for _, status := range []int{201, 204, 202} {
			if _, _, err := saw(t, answer(status, ""), put(PutOptions{})); soc.KindOf(err) != soc.Internal {
				t.Errorf("%d: %v", status, err)
			}
		}
	})
	t.Run("11 an empty answer is not read as JSON", func(t *testing.T) {
		if _, _, err := saw(t, answer(200, ""), func(p *Project) error { return p.DeleteLogstore(ctx, "l") }); err != nil {
			t.Error(err)
		}
	})
	t.Run("12 bare arrays of groups and shards", func(t *testing.T) {
		_, _, err := saw(t, answer(200, `[{"name":"cg","timeout":60,"order":true}]`), func(p *Project) error {
			list, err := p.ListConsumerGroups(ctx, "l")
			if len(list) != 1 || list[0] != (ConsumerGroup{"cg", 60, true}) {
				t.Errorf("groups %v", list)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		req, body, err := saw(t, answer(200, `[0,3]`), func(p *Project) error {
			got, err := p.Heartbeat(ctx, "l", "cg", "c", nil)
			if len(got) != 2 || got[1] != 3 {
				t.Errorf("shards %v", got)
			}
			return err
		})
		if err != nil || string(body) != "[]" || req.URL.Query().Get("type") != "heartbeat" {
			t.Errorf("heartbeat %v %s, %v", req.URL, body, err)
		}
	})
	t.Run("13 a cursor is a number that grows by one for a group", func(t *testing.T) {
		c, err := ParseCursor(base64.StdEncoding.EncodeToString([]byte("1447299606896632356")))
		page := Page{Next: c + 3, Count: 3}
		if err != nil || page.CursorOf(2) != c+2 || page.First() != c {
			t.Errorf("%d, %v: first %d", c, err, page.First())
		}
	})
	t.Run("14 values of GetLogs are strings", func(t *testing.T) {
		_, _, err := saw(t, answer(200, `{"meta":{"progress":"Complete","count":1,"terms":[]},"data":[{"n":"12","__time__":"5"}]}`), func(p *Project) error {
			res, err := p.GetLogs(ctx, "l", Query{From: time.Unix(1, 0), To: time.Unix(2, 0)})
			if err == nil && res.Logs[0]["n"] != "12" {
				t.Errorf("logs %v", res.Logs)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("15 histograms without x-log-progress are not complete", func(t *testing.T) {
		_, _, err := saw(t, answer(200, `[]`), func(p *Project) error {
			_, complete, err := p.GetHistograms(ctx, "l", time.Unix(1, 0), time.Unix(2, 0), "", 0)
			if complete {
				t.Error("taken for complete")
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("16 the codes of the service, spelled right", func(t *testing.T) {
		for code, want := range map[string]soc.Kind{"ConsumerNotExist": soc.NotFound, "ShardNotExist": soc.NotFound, "ProjectNotExists": soc.NotFound, "NotExistConsumerWithBody": soc.Invalid} {
			_, _, err := saw(t, answer(400, fmt.Sprintf(`{"errorCode":%q,"errorMessage":"m"}`, code)), pull)
			var e *soc.Error
			if soc.KindOf(err) != want || !errors.As(err, &e) || e.Code != code {
				t.Errorf("%s: %v", code, err)
			}
		}
	})
}
