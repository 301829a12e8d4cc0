package conformance

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	emulated "github.com/fenghuo-soc/fenghuo/emulator/sls"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// signatures are the ways to sign and to name the project.
var signatures = map[string]func(*sls.Config){
	"v1":        func(*sls.Config) {},
	"v1 SHA256": func(c *sls.Config) { c.SignSHA256 = true },
	"v4":        func(c *sls.Config) { c.SignV4 = true },
}

func group(text string) []byte {
	var b sls.Builder
	b.SetTopic("waf")
	b.StartLog(uint32(time.Now().Unix()), 7)
	b.Field("status", "200")
	b.Field("text", text)
	return b.Bytes()
}

func want(t *testing.T, what string, err error, kind soc.Kind) {
	t.Helper()
	if soc.KindOf(err) != kind {
		t.Errorf("%s: %v, want kind %q", what, err, kind)
	}
}

// TestCalls makes every call once with every signature, and looks at what it did.
func TestCalls(t *testing.T) {
	t.Parallel()
	for name, change := range signatures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil, change)
			projects(t, w)
			p := w.client.Project("new-project")
			logstores(t, w, p)
			shards(t, w, p)
			data(t, p)
			indexes(t, p)
			consumers(t, w, p)
			want(t, "delete Logstore", p.DeleteLogstore(t.Context(), "audit"), "")
			want(t, "delete it again", p.DeleteLogstore(t.Context(), "audit"), soc.NotFound)
			want(t, "delete project", p.Delete(t.Context()), "")
		})
	}
}

func projects(t *testing.T, w *world) {
	ctx, p := t.Context(), w.client.Project("new-project")
	want(t, "create project", p.Create(ctx, "first"), "")
	want(t, "create it again", p.Create(ctx, "first"), soc.Conflict)
	want(t, "update project", p.Update(ctx, "second"), "")
	if info, err := p.Get(ctx); err != nil || info.Name != "new-project" || info.Description != "second" || info.Owner != account {
		t.Errorf("project %+v, %v", info, err)
	}
	list, total, err := w.client.ListProjects(ctx, 0, 10, "new-")
	if err != nil || total != 1 || len(list) != 1 || list[0].Name != "new-project" {
		t.Errorf("projects %v, %d, %v", list, total, err)
	}
	regions, err := w.client.Regions(ctx)
	if err != nil || len(regions) == 0 || regions[0].ID == "" {
		t.Errorf("regions %v, %v", regions, err)
	}
	_, err = w.client.Project("absent").Get(ctx)
	want(t, "absent project", err, soc.NotFound)
}

func logstores(t *testing.T, w *world, p *sls.Project) {
	ctx := t.Context()
	want(t, "create Logstore", p.CreateLogstore(ctx, sls.LogstoreInfo{Name: "audit", TTLDays: 30, Shards: 2, AppendMeta: true}), "")
	want(t, "create it again", p.CreateLogstore(ctx, sls.LogstoreInfo{Name: "audit", TTLDays: 30, Shards: 2}), soc.Conflict)
	want(t, "bad name", p.CreateLogstore(ctx, sls.LogstoreInfo{Name: "A", TTLDays: 30, Shards: 2}), soc.Invalid)
	want(t, "update Logstore", p.UpdateLogstore(ctx, sls.LogstoreInfo{Name: "audit", TTLDays: 60}), "")
	want(t, "change of mode", p.UpdateLogstore(ctx, sls.LogstoreInfo{Name: "audit", TTLDays: 60, Mode: "query"}), soc.Unsupported)
	info, err := p.GetLogstore(ctx, "audit")
	if err != nil || info.TTLDays != 60 || info.Shards != 2 || info.Mode != "standard" || info.CreatedAt != w.clock.Now().Unix() {
		t.Errorf("Logstore %+v, %v", info, err)
	}
	if names, err := p.ListLogstores(ctx); err != nil || !slices.Equal(names, []string{"audit"}) {
		t.Errorf("Logstores %v, %v", names, err)
	}
}

func shards(t *testing.T, w *world, p *sls.Project) {
	ctx := t.Context()
	list, err := p.ListShards(ctx, "audit")
	if err != nil || len(list) != 2 || list[0].ReadOnly() {
		t.Fatalf("shards %v, %v", list, err)
	}
	split, err := p.SplitShard(ctx, "audit", 0, "")
	if err != nil || len(split) != 3 || !split[0].ReadOnly() || split[0].ID != 0 || split[1].ID != 2 {
		t.Errorf("split %v, %v", split, err)
	}
	merged, err := p.MergeShards(ctx, "audit", 2)
	if err != nil || len(merged) != 3 || merged[0].ID != 4 || !merged[1].ReadOnly() || !merged[2].ReadOnly() {
		t.Errorf("merge %v, %v", merged, err)
	}
	if list, err = p.ListShards(ctx, "audit"); err != nil {
		t.Fatal(err)
	}
	next := sls.Successors(list, list[0])
	if len(next) != 2 || next[0].ID != 2 || next[1].ID != 3 {
		t.Errorf("successors of 0: %v", next)
	}
	want(t, "delete a shard that is written", p.DeleteShard(ctx, "audit", 1), soc.Invalid)
	want(t, "delete shard", p.DeleteShard(ctx, "audit", 2), "")
	_, err = p.SplitShard(ctx, "audit", 1, "0")
	want(t, "split outside", err, soc.Invalid)
	w.clock.Advance(2 * time.Minute) // what this client made is no longer new
	_, err = p.Cursor(ctx, "audit", 77, "begin")
	want(t, "absent shard", err, soc.NotFound)
}

func data(t *testing.T, p *sls.Project) {
	ctx := t.Context()
	from := map[int]sls.Cursor{}
	for _, shard := range []int{1, 4} {
		c, err := p.Cursor(ctx, "audit", shard, "end")
		if err != nil {
			t.Fatal(err)
		}
		from[shard] = c
	}
	routes := []sls.PutOptions{{HashKey: "00"}, {HashKey: "80000000000000000000000000000000"}, {}, {Balanced: true}, {Metrics: true}}
	sent := map[string]bool{}
	for _, codec := range []sls.Codec{sls.LZ4, sls.Zstd, sls.Deflate, sls.Plain} {
		for i, o := range routes {
			o.Codec = codec
			text := fmt.Sprint(codec, " ", i)
			want(t, "put "+text, p.Put(ctx, "audit", group(text), o), "")
			sent[text] = true
		}
	}
	var batch sls.Batch
	for i := range 3 {
		text := fmt.Sprint("batch ", i)
		if err := batch.Add(group(text)); err != nil {
			t.Fatal(err)
		}
		sent[text] = true
	}
	want(t, "put batch", p.PutBatch(ctx, "audit", &batch, ""), "")
	for _, codec := range []sls.Codec{sls.LZ4, sls.Zstd, sls.Deflate, sls.Plain} {
		got := map[string]bool{}
		for shard, at := range from {
			page, err := p.Pull(ctx, "audit", shard, at, sls.PullOptions{Codec: codec, Index: codec != sls.Zstd})
			if err != nil {
				t.Fatalf("pull with %v: %v", codec, err)
			}
			for _, g := range page.Groups() {
				for _, l := range g.Logs() {
					v, _ := l.Get("text")
					got[string(v)] = true
				}
				if string(g.Topic()) != "waf" {
					t.Errorf("topic %q", g.Topic())
				}
			}
			if when, err := p.CursorTime(ctx, "audit", shard, at); err != nil || when.IsZero() || page.Time.Before(when) {
				t.Errorf("time of cursor %v, of page %v, %v", when, page.Time, err)
			}
			capped, err := p.Pull(ctx, "audit", shard, at, sls.PullOptions{End: at + 2})
			if err != nil || capped.Count != 2 || capped.Next != at+2 || !capped.EndReached {
				t.Errorf("pull to an end: %+v, %v", capped, err)
			}
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Errorf("pulled with %v (-want +got):\n%s", codec, diff)
		}
	}
	want(t, "no group", p.Put(ctx, "audit", []byte{0xff, 0xff}, sls.PutOptions{}), soc.Invalid)
	want(t, "bad hash key", p.PutLogs(ctx, "audit", group("x"), "xyz"), soc.Invalid)
	_, err := p.Pull(ctx, "audit", 1, 1, sls.PullOptions{Query: "* | stats count(*)"})
	want(t, "a command of SPL that the emulator does not offer", err, soc.Invalid)
}

func indexes(t *testing.T, p *sls.Project) {
	ctx := t.Context()
	_, err := p.GetIndex(ctx, "audit")
	want(t, "no index", err, soc.NotFound)
	x := sls.SearchIndex{Line: &sls.LineIndex{Token: []string{" "}}, Keys: map[string]sls.KeyIndex{"status": {Type: "long", DocValue: true}}}
	want(t, "create index", p.CreateIndex(ctx, "audit", x), "")
	want(t, "create it again", p.CreateIndex(ctx, "audit", x), soc.Conflict)
	x.Keys["text"] = sls.KeyIndex{Type: "text", Token: []string{" "}}
	want(t, "update index", p.UpdateIndex(ctx, "audit", x), "")
	if got, err := p.GetIndex(ctx, "audit"); err != nil || got.Keys["text"].Type != "text" || got.Keys["status"].Type != "long" || got.Line == nil {
		t.Errorf("index %+v, %v", got, err)
	}
	now := time.Now()
	q := sls.Query{From: now.Add(-time.Hour), To: now.Add(time.Hour), Query: "text:batch and status = 200"}
	res, err := p.GetLogsComplete(ctx, "audit", q)
	if err != nil || !res.Complete || res.Count != 3 || res.Logs[0]["__topic__"] != "waf" {
		t.Errorf("search %+v, %v", res, err)
	}
	h, complete, err := p.GetHistogramsComplete(ctx, "audit", q.From, q.To, "text:batch", time.Hour)
	n := int64(0)
	for _, row := range h {
		n += row.Count
	}
	if err != nil || !complete || n != 3 {
		t.Errorf("histogram %v, %v, %v", h, complete, err)
	}
	_, err = p.GetLogs(ctx, "audit", sls.Query{From: now, To: now, Query: "*"})
	want(t, "empty time range", err, soc.Invalid)
	want(t, "delete index", p.DeleteIndex(ctx, "audit"), "")
	_, err = p.GetLogs(ctx, "audit", q)
	want(t, "search without index", err, soc.NotFound)
}

func consumers(t *testing.T, w *world, p *sls.Project) {
	ctx := t.Context()
	g := sls.ConsumerGroup{Name: "cg1", Timeout: 60, Order: true}
	want(t, "create group", p.CreateConsumerGroup(ctx, "audit", g), "")
	want(t, "create it again", p.CreateConsumerGroup(ctx, "audit", g), soc.Conflict)
	g.Timeout = 30
	want(t, "update group", p.UpdateConsumerGroup(ctx, "audit", g), "")
	if list, err := p.ListConsumerGroups(ctx, "audit"); err != nil || !slices.Equal(list, []sls.ConsumerGroup{g}) {
		t.Errorf("groups %v, %v", list, err)
	}
	beat := func(consumer string, held ...int) []int {
		t.Helper()
		got, err := p.Heartbeat(ctx, "audit", "cg1", consumer, held)
		if err != nil {
			t.Errorf("heartbeat of %s: %v", consumer, err)
		}
		return got
	}
	_, err := p.Heartbeat(ctx, "audit", "cg1", "a", []int{1})
	want(t, "unknown consumer with shards", err, soc.Invalid)
	if got := beat("a"); !slices.Equal(got, []int{0, 1, 3, 4}) { // the parents of 4 and 3 hold no data
		t.Errorf("a alone has %v", got)
	}
	if got := beat("b"); len(got) != 0 {
		t.Errorf("b has %v before a gave anything up", got)
	}
	if got := beat("a", 0, 1, 3, 4); !slices.Equal(got, []int{0, 1}) {
		t.Errorf("a keeps %v", got)
	}
	if got := beat("b"); len(got) != 0 {
		t.Errorf("b has %v while a still works on them", got)
	}
	beat("a", 0, 1)
	if got := beat("b"); !slices.Equal(got, []int{3, 4}) {
		t.Errorf("b has %v", got)
	}
	want(t, "checkpoint", p.SaveCheckpoint(ctx, "audit", "cg1", "a", 1, 12345, false), "")
	want(t, "checkpoint of another's shard", p.SaveCheckpoint(ctx, "audit", "cg1", "a", 4, 1, false), soc.Conflict)
	want(t, "forced", p.SaveCheckpoint(ctx, "audit", "cg1", "a", 4, 99, true), "")
	want(t, "unknown consumer", p.SaveCheckpoint(ctx, "audit", "cg1", "z", 1, 1, false), soc.NotFound)
	want(t, "unknown shard", p.SaveCheckpoint(ctx, "audit", "cg1", "a", 55, 1, true), soc.NotFound)
	points, err := p.Checkpoints(ctx, "audit", "cg1")
	if err != nil || len(points) != 4 || points[0].Set || points[1].Cursor != 12345 || points[1].Consumer != "a" || points[3].Cursor != 99 ||
		points[1].UpdatedAt.Unix() != w.clock.Now().Unix() {
		t.Errorf("checkpoints %+v, %v", points, err)
	}
	w.clock.Advance(20 * time.Second)
	beat("b", 3, 4)
	w.clock.Advance(20 * time.Second)
	if got := beat("b", 3, 4); !slices.Equal(got, []int{0, 1, 3, 4}) {
		t.Errorf("after a fell silent b has %v", got)
	}
	want(t, "delete group", p.DeleteConsumerGroup(ctx, "audit", "cg1"), "")
	_, err = p.Heartbeat(ctx, "audit", "cg1", "b", nil)
	want(t, "no group", err, soc.NotFound)
}

// TestOrderedGroupWaitsForParents hands out the children of a split only when the parent is consumed.
func TestOrderedGroupWaitsForParents(t *testing.T) {
	t.Parallel()
	w := start(t, nil, nil)
	p, ctx := w.logs(t, 1), t.Context()
	for range 3 {
		want(t, "put", p.PutLogs(ctx, "audit", group("x"), ""), "")
	}
	end, err := p.Cursor(ctx, "audit", 0, "end")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.SplitShard(ctx, "audit", 0, ""); err != nil {
		t.Fatal(err)
	}
	for _, order := range []bool{true, false} {
		name := fmt.Sprint("order-", order)
		want(t, "create", p.CreateConsumerGroup(ctx, "audit", sls.ConsumerGroup{Name: name, Timeout: 60, Order: order}), "")
		first := []int{0}
		if !order {
			first = []int{0, 1, 2}
		}
		if got, err := p.Heartbeat(ctx, "audit", name, "c", nil); err != nil || !slices.Equal(got, first) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, first)
		}
		want(t, "not yet", p.SaveCheckpoint(ctx, "audit", name, "c", 0, end-1, false), "")
		if got, _ := p.Heartbeat(ctx, "audit", name, "c", first); !slices.Equal(got, first) {
			t.Errorf("%s: %v before the parent's end", name, got)
		}
		want(t, "all", p.SaveCheckpoint(ctx, "audit", name, "c", 0, end, false), "")
		if got, _ := p.Heartbeat(ctx, "audit", name, "c", first); !slices.Equal(got, []int{0, 1, 2}) {
			t.Errorf("%s: %v after the parent's end", name, got)
		}
	}
}

func TestReaderAndForwarder(t *testing.T) {
	t.Parallel()
	w := start(t, nil, nil)
	p, ctx := w.logs(t, 1), t.Context()
	if err := w.service.Seed(account, "shop-logs", "copy", 1, emulated.LogstoreConfig{}); err != nil {
		t.Fatal(err)
	}
	begin, err := p.Cursor(ctx, "audit", 0, "begin")
	if err != nil {
		t.Fatal(err)
	}
	const n = 2500
	for i := range n {
		if err := w.service.Append(account, "shop-logs", "audit", group(fmt.Sprint(i)), w.clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.SplitShard(ctx, "audit", 0, ""); err != nil {
		t.Fatal(err)
	}
	f := sls.NewForwarder(sls.ForwardConfig{To: p, Logstore: "copy", MaxRequest: 20_000})
	r := sls.NewReader(sls.ReaderConfig{From: p, Logstore: "audit", Shard: 0, At: begin})
	defer r.Close()
	var lane sls.Lane
	for {
		page, err := r.Next(ctx)
		if end := (*sls.ShardEnd)(nil); err != nil && asEnd(err, &end) {
			if len(end.Next) != 2 {
				t.Errorf("end %+v", end)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		refused, err := f.Forward(ctx, &lane, page, func(at sls.Cursor, first int) []soc.Tag {
			return []soc.Tag{{Key: "from", Value: fmt.Sprint(int64(at-begin), "/", first)}}
		})
		if err != nil || len(refused) != 0 {
			t.Fatal(refused, err)
		}
	}
	at, err := p.Cursor(ctx, "copy", 0, "begin")
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for i < n {
		page, err := p.Pull(ctx, "copy", 0, at, sls.PullOptions{})
		if err != nil || page.Count == 0 {
			t.Fatalf("after %d groups: %v", i, err)
		}
		for _, g := range page.Groups() {
			var tag []byte
			for _, v := range g.Tags() {
				tag = v
			}
			for _, l := range g.Logs() {
				if v, _ := l.Get("text"); string(v) != fmt.Sprint(i) || string(tag) != fmt.Sprint(i, "/0") {
					t.Fatalf("group %d has text %s and tag %s", i, v, tag)
				}
			}
			i++
		}
		at = page.Next
	}
}
