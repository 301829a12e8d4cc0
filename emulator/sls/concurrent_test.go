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
	wg.Wait()
	meta, _, _ := w.search(map[string]any{"query": "racing"})
	if meta["count"] != 40.0 {
		t.Errorf("%v of 40 logs were found", meta["count"])
	}
}
