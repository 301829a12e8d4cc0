package sls

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestQuotas has a row for every limit of section 3.10 of the sheet: what still passes, what is refused, with which
// code, and what makes it pass again.
func TestQuotas(t *testing.T) {
	t.Parallel()
	create := func(target, body string) request {
		return request{method: "POST", target: target, project: "shop-logs", body: []byte(body)}
	}
	get := func(target string) request { return request{method: "GET", target: target, project: "shop-logs"} }
	store := func(name string, shards int) request {
		return create("/logstores", fmt.Sprintf(`{"logstoreName":%q,"ttl":1,"shardCount":%d}`, name, shards))
	}
	put := func(w *world, size int) answer {
		return w.put("/logstores/audit", groupOf("t", strings.Repeat("s", 16), logOf(1, 0, kv{"k", strings.Repeat("v", size)})), "", nil)
	}
	project := func(name string) request {
		r := create("/", `{"projectName":"`+name+`"}`)
		r.project = ""
		return r
	}
	alert := func(name string) request { return create("/alerts", `{"name":"`+name+`",`+alertParts+`}`) }
	consumers := func(name string) request {
		return create("/logstores/audit/consumergroups", `{"consumerGroup":"`+name+`","timeout":60,"order":false}`)
	}
	second, minute := time.Second, time.Minute
	for _, c := range []struct {
		name   string
		quota  Quotas
		passes func(*world, int) answer // call n of those that pass
		calls  int
		code   string // of the next one
		status int
		again  time.Duration // after which it passes; 0 = never
	}{
		{"projects of an account", Quotas{Projects: 3}, func(w *world, n int) answer { return w.do(project(fmt.Sprint("project-", n))) }, 2, "ProjectQuotaExceed", 400, 0},
		{"Logstores of a project", Quotas{Logstores: 3}, func(w *world, n int) answer { return w.do(store(fmt.Sprint("store-", n), 1)) }, 2, "ProjectQuotaExceed", 400, 0},
		{"shards of a project", Quotas{Shards: 7}, func(w *world, n int) answer { return w.do(store(fmt.Sprint("store-", n), 3)) }, 2, "ProjectQuotaExceed", 400, 0},
		{"shards of a project, by split", Quotas{Shards: 3}, func(w *world, n int) answer {
			return w.do(create(fmt.Sprintf("/logstores/audit/shards/%d?action=split", 2*n), ""))
		}, 2, "ProjectQuotaExceed", 400, 0},
		{"shards of a Logstore", Quotas{LogstoreShards: 3}, func(w *world, n int) answer {
			return w.do(create(fmt.Sprintf("/logstores/audit/shards/%d?action=split", 2*n), ""))
		}, 2, "ProjectQuotaExceed", 400, 0},
		{"saved searches of a project", Quotas{SavedSearches: 2}, func(w *world, n int) answer {
			return w.do(create("/savedsearches", string(saved(fmt.Sprint("saved-", n), ""))))
		}, 2, "ExceedQuota", 400, 0},
		{"alerts of a project", Quotas{Alerts: 2}, func(w *world, n int) answer { return w.do(alert(fmt.Sprint("alert-", n))) }, 2, "ExceedQuota", 400, 0},
		{"consumer groups of a Logstore", Quotas{ConsumerGroups: 2}, func(w *world, n int) answer { return w.do(consumers(fmt.Sprint("group-", n))) }, 2, "ExceedQuota", 400, 0},
		{"volume written to a project", Quotas{ProjectWriteBytes: 100}, func(w *world, _ int) answer { return put(w, 40) }, 2, "WriteQuotaExceed", 403, minute},
		{"writes to a project", Quotas{ProjectWriteCalls: 2}, func(w *world, _ int) answer { return put(w, 1) }, 2, "WriteQuotaExceed", 403, minute},
		{"reads of a project", Quotas{ProjectReadCalls: 2}, func(w *world, _ int) answer {
			return w.do(get("/logstores/audit/shards/0?type=cursor&from=end"))
		}, 2, "ReadQuotaExceed", 403, minute},
		{"volume written to a shard without index", Quotas{WriteBytes: 1, WriteBytesUnindexed: 100}, func(w *world, _ int) answer { return put(w, 40) }, 2, "ShardWriteQuotaExceed", 403, second},
		{"volume written to a shard with index", Quotas{WriteBytes: 100, WriteBytesUnindexed: 1}, func(w *world, _ int) answer {
			w.do(create("/logstores/audit/index", `{"line":{"token":[" "]}}`))
			return put(w, 40)
		}, 2, "ShardWriteQuotaExceed", 403, second},
		{"writes to a shard", Quotas{WriteCalls: 2}, func(w *world, _ int) answer { return put(w, 1) }, 2, "ShardWriteQuotaExceed", 403, second},
		{"volume read from a shard", Quotas{ReadBytes: 100}, func(w *world, n int) answer {
			if n == 0 {
				put(w, 40)
			}
			_, a := w.pull(pullTarget(shard0, EncodeCursor(0), 1, ""), "")
			return a
		}, 2, "ShardReadQuotaExceed", 403, second},
		{"reads from a shard", Quotas{ReadCalls: 2}, func(w *world, _ int) answer {
			_, a := w.pull(pullTarget(shard0, EncodeCursor(0), 1, ""), "")
			return a
		}, 2, "ShardReadQuotaExceed", 403, second},
		{"searches of a project at a time", Quotas{Searches: 3}, func(w *world, _ int) answer {
			p, err := w.s.lookup("shop-logs")
			if err != nil {
				w.t.Fatal(err)
			}
			p.searching.Add(1) // one that goes on
			w.do(create("/logstores/audit/index", `{"line":{"token":[" "]}}`))
			return w.do(get("/logstores/audit?type=log&from=1&to=2"))
		}, 2, "ReadQuotaExceed", 403, 0},

		// What holds without being switched on.
		{"LogGroups of a pull", Quotas{}, func(w *world, n int) answer {
			_, a := w.pull(pullTarget(shard0, EncodeCursor(0), 1000+n, ""), "")
			return a
		}, 1, "ParameterInvalid", 400, 0},
		{"bytes of a PutLogs", Quotas{}, func(w *world, n int) answer { return put(w, maxRawBody-100+100*n) }, 1, "PostBodyTooLarge", 400, 0},
		{"retention", Quotas{}, func(w *world, n int) answer {
			return w.do(create("/logstores", fmt.Sprintf(`{"logstoreName":"store-%d","ttl":%d,"shardCount":1}`, n, 3650+n)))
		}, 1, "LogStoreInfoInvalid", 400, 0},
		{"shards of a new Logstore", Quotas{}, func(w *world, n int) answer { return w.do(store(fmt.Sprint("store-", n), 100+n)) }, 1, "LogStoreInfoInvalid", 400, 0},
		{"conditions of a query", Quotas{}, func(w *world, n int) answer {
			w.do(create("/logstores/audit/index", `{"line":{"token":[" "]}}`))
			return w.do(get("/logstores/audit?type=log&from=1&to=2&query=" + strings.Repeat("a%20", 30+n)))
		}, 1, "ParameterInvalid", 400, 0},
		{"clock", Quotas{}, func(w *world, n int) answer {
			late := start.Add(-15*time.Minute - time.Duration(n)*time.Second).Format("Mon, 02 Jan 2006 15:04:05 GMT")
			r := get("/logstores/audit")
			r.header = map[string]string{"Date": late}
			return w.do(r)
		}, 1, "RequestTimeExpired", 400, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) { o.Quotas = c.quota })
			w.seed("audit", 1)
			for n := range c.calls {
				if a := c.passes(w, n); a.status != 200 {
					t.Fatalf("call %d: %d %s", n, a.status, a.body)
				}
			}
			if a := c.passes(w, c.calls); a.status != c.status || a.code() != c.code {
				t.Errorf("beyond: %d %.300s, want %d %s", a.status, a.body, c.status, c.code)
			}
			if w.clock.Advance(c.again); c.again > 0 {
				if a := c.passes(w, c.calls+1); a.status != 200 {
					t.Errorf("after %s: %d %s", c.again, a.status, a.body)
				}
			}
		})
	}
}

// TestSearchedValue: of a long value the rest beyond the quota is not found, and is answered all the same.
func TestSearchedValue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Quotas.ValueBytes = 10 })
	w.seed("audit", 1)
	if err := w.s.PutIndex(t.Context(), w.keys["c"].Caller, "shop-logs", "audit", []byte(`{"line":{"token":[" "]},"keys":{"note":{"type":"text","token":[" "]}}}`)); err != nil {
		t.Fatal(err)
	}
	if a := w.put("/logstores/audit", groupOf("", "", logOf(uint32(start.Unix()), 0, kv{"note", "first word later"})), "", nil); a.status != 200 {
		t.Fatal(string(a.body))
	}
	for query, hits := range map[string]int{"word": 1, "later": 0, "note:word": 1, "note:later": 0} {
		_, rows, a := w.search(map[string]any{"query": query})
		if len(rows) != hits || hits == 1 && rows[0]["note"] != "first word later" {
			t.Errorf("%s: %v %s", query, rows, a.body)
		}
	}
}

// TestGlobTerms: a pattern stands for at most a hundred terms.
func TestGlobTerms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 1)
	if err := w.s.PutIndex(t.Context(), w.keys["c"].Caller, "shop-logs", "audit", []byte(`{"line":{"token":[" "]}}`)); err != nil {
		t.Fatal(err)
	}
	var logs [][]byte
	for i := range 150 { // every term twice
		logs = append(logs, logOf(uint32(start.Unix()), 0, kv{"note", fmt.Sprintf("term%d", i)}), logOf(uint32(start.Unix()), 0, kv{"note", fmt.Sprintf("TERM%d", i)}))
	}
	w.put("/logstores/audit", groupOf("", "", logs...), "", nil)
	var bars []bucket
	w.do(request{method: "GET", project: "shop-logs", target: fmt.Sprintf("/logstores/audit?type=histogram&from=0&to=%d&query=term*&interval=%d", start.Unix()+1, start.Unix()+1)}).decode(t, &bars)
	if len(bars) != 1 || bars[0].Count != 200 {
		t.Errorf("%+v, want 200 logs of 100 terms", bars)
	}
}

func TestQuotasOr(t *testing.T) {
	t.Parallel()
	all := Quotas{}
	v := reflect.ValueOf(&all).Elem()
	for i := range v.NumField() {
		v.Field(i).SetInt(int64(i + 1))
	}
	if d := cmp.Diff(all, Quotas{}.Or(all)); d != "" {
		t.Errorf("a field is not filled: %s", d)
	}
	if got := (Quotas{Logstores: 5}).Or(DocumentedQuotas()); got.Logstores != 5 || got.SavedSearches != 100 {
		t.Errorf("%+v", got)
	}
}
