package conformance

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	emulated "github.com/fenghuo-soc/fenghuo/emulator/sls"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// analysed makes a Logstore with an index and 60 logs in 6 groups, and gives its project.
func analysed(t *testing.T, w *world) *sls.Project {
	t.Helper()
	ctx, p := t.Context(), w.logs(t, 1)
	want(t, "create index", p.CreateIndex(ctx, "audit", sls.SearchIndex{
		Line: &sls.LineIndex{Token: []string{" "}},
		Keys: map[string]sls.KeyIndex{
			"status": {Type: "long", DocValue: true}, "method": {Type: "text", Token: []string{" "}, DocValue: true}, "note": {Type: "text"},
		},
	}), "")
	for g := range 6 {
		var b sls.Builder
		b.SetTopic(fmt.Sprintf("t%d", g%2))
		for i := range 10 {
			b.StartLog(uint32(w.clock.Now().Unix()), 0)
			b.Field("status", fmt.Sprint(200+100*(i%4)))
			b.Field("method", []string{"GET", "POST"}[g%2])
		}
		if err := p.PutLogs(ctx, "audit", b.Bytes(), ""); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// TestSQL asks with SQL through our client.
func TestSQL(t *testing.T) {
	t.Parallel()
	w := start(t, nil, nil)
	p := analysed(t, w)
	query := func(text string) (*sls.Result, error) {
		return p.GetLogsComplete(t.Context(), "audit", sls.Query{From: w.clock.Now().Add(-time.Minute), To: w.clock.Now().Add(time.Minute), Query: text})
	}
	res, err := query("method:GET | select status, count(*) as n, avg(status) as a from log group by status having count(*) > 6 order by status desc")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]map[string]string{{"status": "300", "n": "9", "a": "300.0"}, {"status": "200", "n": "9", "a": "200.0"}}, res.Logs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"status", "n", "a"}, res.Columns); diff != "" || !res.Complete || res.Count != 2 {
		t.Errorf("%+v %s", res, diff)
	}
	if res, err = query("method:GET"); err != nil || res.Columns != nil || res.Count != 30 {
		t.Errorf("a search: %+v, %v", res, err)
	}
	if res, err = query("* | select status from log"); err != nil || res.Count != 60 {
		t.Errorf("%d, %v", res.Count, err)
	}
	for _, text := range []string{"* | select nosuch", "* | select note", "* | select count(*);", "* | drop table log", "* | select status, count(*)"} {
		_, err = query(text)
		want(t, text, err, soc.Invalid)
	}
}

// TestIncomplete: the client says when an answer is partial, and the calls that wait repeat the query.
func TestIncomplete(t *testing.T) {
	t.Parallel()
	w := start(t, func(o *emulated.Options) { o.SearchLogs = 30 }, nil)
	p := analysed(t, w)
	from, to := w.clock.Now().Add(-time.Minute), w.clock.Now().Add(time.Minute)
	q := sls.Query{From: from, To: to, Query: "status >= 200 | select count(*) as n"}
	res, err := p.GetLogs(t.Context(), "audit", q)
	if err != nil || res.Complete || res.Logs[0]["n"] != "30" {
		t.Errorf("at first: %+v, %v", res, err)
	}
	if res, err = p.GetLogsComplete(t.Context(), "audit", q); err != nil || !res.Complete || res.Logs[0]["n"] != "60" {
		t.Errorf("in the end: %+v, %v", res, err)
	}
	bars, all, err := p.GetHistogramsComplete(t.Context(), "audit", from, to, "method:GET", time.Minute)
	n := int64(0)
	for _, b := range bars {
		n += b.Count
	}
	if err != nil || !all || n != 30 {
		t.Errorf("%+v, %v, %v", bars, all, err)
	}
}

// TestSPL reads a shard through a filter: the reader meets what is left once, and comes to the end over what is gone.
func TestSPL(t *testing.T) {
	t.Parallel()
	w := start(t, nil, nil)
	p := analysed(t, w)
	ctx := t.Context()
	at, err := p.Cursor(ctx, "audit", 0, "begin")
	if err != nil {
		t.Fatal(err)
	}
	end, err := p.Cursor(ctx, "audit", 0, "end")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for pulls := 0; at < end; pulls++ {
		page, err := p.Pull(ctx, "audit", 0, at, sls.PullOptions{Count: 1, Codec: sls.LZ4, Query: "* | where status = '500' and method = 'GET' | extend seen = upper(method) | project seen"})
		if err != nil || page.Next != at+1 || page.Scanned == 0 || pulls > 6 {
			t.Fatalf("%+v, %v", page, err)
		}
		for _, g := range page.Groups() {
			for _, l := range g.Logs() {
				for key, value := range l.Fields() {
					found[string(key)+"="+string(value)]++
				}
			}
		}
		at = page.Next
	}
	if diff := cmp.Diff(map[string]int{"seen=GET": 6}, found); diff != "" {
		t.Error(diff)
	}
	page, err := p.Pull(ctx, "audit", 0, end, sls.PullOptions{Query: "* | where status = '500'"})
	if err != nil || !page.EndReached || page.Count != 0 || page.Next != end {
		t.Errorf("at the end: %+v, %v", page, err)
	}
	_, err = p.Pull(ctx, "audit", 0, end, sls.PullOptions{Query: "* | where status"})
	want(t, "SPL that is wrong", err, soc.Invalid)
}
