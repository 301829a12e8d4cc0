package conformance

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/faults"
	emulated "github.com/fenghuo-soc/fenghuo/emulator/sls"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

func asEnd(err error, end **sls.ShardEnd) bool { return errors.As(err, end) }

func TestRetention(t *testing.T) {
	t.Parallel()
	w := start(t, nil, nil)
	ctx := t.Context()
	if err := w.service.Seed(account, "shop-logs", "short", 1, emulated.LogstoreConfig{TTL: 1}); err != nil {
		t.Fatal(err)
	}
	p := w.client.Project("shop-logs")
	begin, err := p.Cursor(ctx, "short", 0, "begin")
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		want(t, "put", p.PutLogs(ctx, "short", group("x"), ""), "")
		w.clock.Advance(6 * time.Hour)
	}
	r := sls.NewReader(sls.ReaderConfig{From: p, Logstore: "short", Shard: 0, At: begin, ReadUpTo: w.clock.Now().Add(-66 * time.Hour)})
	defer r.Close()
	page, err := r.Next(ctx)
	if err != nil || page.Gap == nil || page.Gap.From != begin || page.Gap.To != begin+6 || page.Count != 4 {
		t.Fatalf("page %+v, %v", page, err)
	}
	if lost := page.Gap.Lost(); lost < 41*time.Hour || lost > 43*time.Hour {
		t.Errorf("lost %v", lost)
	}
}

func TestPropagationDelay(t *testing.T) {
	t.Parallel()
	w := start(t, func(o *emulated.Options) {
		o.Clock = time.Now
		o.PropagationDelay = 400 * time.Millisecond
	}, func(c *sls.Config) { c.Now = nil })
	p := w.client.Project("young")
	want(t, "create project", p.Create(t.Context(), ""), "")
	want(t, "create Logstore", p.CreateLogstore(t.Context(), sls.LogstoreInfo{Name: "audit", TTLDays: 1, Shards: 1}), "")
	want(t, "put", p.PutLogs(t.Context(), "audit", group("x"), ""), "")
	stranger := config(w.server.URL)
	_, err := sls.New(stranger).Project("nobodys").Get(t.Context())
	want(t, "what nobody made", err, soc.NotFound)
}

func TestClockIsCorrected(t *testing.T) {
	t.Parallel()
	for name, change := range signatures {
		w := start(t, nil, func(c *sls.Config) {
			change(c)
			c.Now = func() time.Time { return time.Now().Add(-40 * time.Minute) }
		})
		p := w.logs(t, 1)
		for range 2 {
			if _, err := p.ListShards(t.Context(), "audit"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestQuotaAndFaults(t *testing.T) {
	t.Parallel()
	w := start(t, nil, nil)
	p := w.logs(t, 1)
	w.refuseOne("/logstores/audit", faults.Answer{Status: 403, Code: "ShardWriteQuotaExceed"})
	begin := time.Now()
	want(t, "quota", p.PutLogs(t.Context(), "audit", group("x"), ""), "")
	if d := time.Since(begin); d < 400*time.Millisecond {
		t.Errorf("tried again after %v", d)
	}
	w.refuseOne("action=split", faults.Answer{Status: 500, Code: "InternalServerError"})
	_, err := p.SplitShard(t.Context(), "audit", 0, "")
	want(t, "a split of unknown outcome", err, soc.Unavailable)
	w.refuseOne("action=split", faults.Answer{Status: 503, Code: "ServerBusy"})
	_, err = p.SplitShard(t.Context(), "audit", 0, "")
	want(t, "a split that was not begun", err, "")
}

func TestDenied(t *testing.T) {
	t.Parallel()
	w := start(t, func(o *emulated.Options) { o.Authorizer = everybody{deny: "log:GetCursorOrData"} }, nil)
	p := w.logs(t, 1)
	_, err := p.Cursor(t.Context(), "audit", 0, "begin")
	var e *soc.Error
	if !errors.As(err, &e) || e.Kind != soc.Denied || e.Code != "Unauthorized" || e.RequestID == "" || e.Account != account || e.Next == "" {
		t.Errorf("error %+v", err)
	}
}

// counting counts the connections of a transport.
type counting struct{ opened atomic.Int64 }

func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	w := start(t, nil, nil)
	p := w.logs(t, 1)
	var count counting
	client := sls.NewHTTPClient()
	base := client.Transport.(*http.Transport)
	dial := base.DialContext
	base.DialContext = count.dial(dial)
	c := config(w.server.URL)
	c.HTTPClient, c.Now = client, w.clock.Now
	p = sls.New(c).Project(p.Name())
	for range 20 { // answers with a body, without one, and errors
		_, _ = p.ListShards(t.Context(), "audit")
		want(t, "put", p.PutLogs(t.Context(), "audit", group("x"), ""), "")
		_, err := p.ListShards(t.Context(), "absent")
		want(t, "absent", err, soc.NotFound)
		_ = p.UpdateConsumerGroup(t.Context(), "audit", sls.ConsumerGroup{Name: "absent", Timeout: 1})
	}
	if n := count.opened.Load(); n != 1 {
		t.Errorf("80 calls opened %d connections", n)
	}
}
