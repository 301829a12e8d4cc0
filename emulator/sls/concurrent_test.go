package sls

import (
	"fmt"
	"sync"
	"testing"
)

// TestConcurrentUse writes, splits, pulls and searches at once, over the wire; run it with -race.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	w := searchWorld(t)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 10 {
				raw := groupOf("t", fmt.Sprint(i, n), logOf(uint32(start.Unix()), 0, kv{"note", "racing"}))
				if a := w.put("/logstores/audit", raw, "lz4", nil); a.status != 200 {
					t.Errorf("put: %s", a.body)
				}
				if _, _, a := w.search(map[string]any{"query": "racing"}); a.status != 200 {
					t.Errorf("search: %s", a.body)
				}
				w.pull(pullTarget(shard0, EncodeCursor(0), 1000, ""), "lz4")
				w.do(request{method: "POST", target: fmt.Sprintf("/logstores/audit/shards/%d?action=split", i), project: "shop-logs"})
			}
		})
	}
	target := func(method, target string, body []byte) request {
		return request{method: method, target: target, project: "shop-logs", body: body}
	}
	for i := range 2 {
		wg.Go(func() { // what else a project holds; only the race detector judges it
			for n := range 10 {
				name := fmt.Sprintf("name-%d", n%3)
				w.do(target("POST", "/savedsearches", saved(name, "")))
				w.do(target("GET", "/savedsearches", nil))
				w.do(target("POST", "/alerts", []byte(`{"name":"`+name+`",`+alertParts+`}`)))
				w.do(target("PUT", "/alerts/"+name+"?action=disable", nil))
				w.do(target("GET", "/alerts", nil))
				w.do(target("POST", "/logstores/audit/consumergroups", []byte(`{"consumerGroup":"g","timeout":60}`)))
				w.do(target("POST", fmt.Sprintf("/logstores/audit/consumergroups/g?type=heartbeat&consumer=c%d", i), []byte("[]")))
				w.do(target("GET", contextTarget("AA-1", place{logs: 1}.String(), 1, 1), nil))
				w.do(target("DELETE", "/savedsearches/"+name, nil))
				w.do(target("DELETE", "/alerts/"+name, nil))
			}
		})
	}
	wg.Wait()
	meta, _, _ := w.search(map[string]any{"query": "racing"})
	if meta["count"] != 40.0 {
		t.Errorf("%v of 40 logs were found", meta["count"])
	}
}
