package sls

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestBalance lets consumers come, go silent and come back in any order. No shard is ever worked on by two of them, a
// consumer is given only what it may have, and when all who are left have answered a few times, the shares are even.
func TestBalance(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ls := newLogstore(&project{}, LogstoreConfig{Name: "audit", ShardCount: rapid.IntRange(1, 12).Draw(t, "shards")}, start, 0)
		g := newConsumerGroup("g", time.Minute, false)
		now := start
		held := map[string][]int{} // what each consumer works on; it drops what it is no longer given one beat later
		seen := map[string]time.Time{}
		beat := func(name string) {
			if now.Sub(seen[name]) > g.timeout {
				held[name] = nil // it knows that it lost everything
			}
			given, err := g.beat(name, held[name], ls.allShards(), now)
			if err != nil {
				t.Fatalf("%s holds %v: %v", name, held[name], err)
			}
			held[name], seen[name] = given, now
			for other, shards := range held {
				for _, id := range shards {
					if other != name && now.Sub(seen[other]) <= g.timeout && slices.Contains(given, id) {
						t.Fatalf("shard %d was given to %s and %s", id, other, name)
					}
				}
			}
		}
		name := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			if rapid.IntRange(0, 4).Draw(t, "kind") == 0 {
				now = now.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "wait")) * time.Second)
			}
			beat(name.Draw(t, "who"))
		}
		last := name.Draw(t, "last")
		now = now.Add(2 * time.Minute) // all are gone
		alive := []string{last, last + "2", last + "3"}
		for range 4 {
			for _, n := range alive {
				beat(n)
			}
		}
		var all []int
		for _, n := range alive {
			if least := len(ls.shards) / len(alive); len(held[n]) < least || len(held[n]) > least+1 {
				t.Fatalf("%v are shared as %v", ls.nextShard, held)
			}
			all = append(all, held[n]...)
		}
		if slices.Sort(all); len(slices.Compact(all)) != len(ls.shards) {
			t.Fatalf("of %d shards %v are worked on", len(ls.shards), all)
		}
	})
}

// TestExpiry: a silent consumer loses its shards to the next heartbeat, and what it says afterwards is refused.
func TestExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 2)
	call := func(method, target, body string) answer {
		return w.do(request{method: method, target: "/logstores/audit/consumergroups" + target, project: "shop-logs", body: []byte(body)})
	}
	beat := func(name, held string) (ids []int) {
		t.Helper()
		call("POST", "/g?type=heartbeat&consumer="+name, held).decode(t, &ids)
		return ids
	}
	save := func(name string, force bool) (int, string) {
		a := call("POST", fmt.Sprintf("/g?type=checkpoint&consumer=%s&forceSuccess=%v", name, force), `{"shard":0,"checkpoint":"MQ=="}`)
		return a.status, a.code()
	}
	call("POST", "", `{"consumerGroup":"g","timeout":30,"order":false}`)
	if got := beat("a", "[]"); !slices.Equal(got, []int{0, 1}) {
		t.Fatal(got)
	}
	if got := beat("b", "[]"); len(got) != 0 {
		t.Fatalf("b gets %v, which a has not let go", got)
	}
	w.clock.Advance(29 * time.Second)
	if status, code := save("b", false); status != 400 || code != "ConsumerNotMatch" {
		t.Errorf("b saves for a: %d %s", status, code)
	}
	if got := beat("b", "[]"); len(got) != 0 {
		t.Fatalf("a is alive, b gets %v", got)
	}
	w.clock.Advance(2 * time.Second) // a was last heard 31 seconds ago
	if got := beat("b", "[]"); !slices.Equal(got, []int{0, 1}) {
		t.Fatalf("a is silent, b gets %v", got)
	}
	if status, code := save("a", false); status != 404 || code != "ConsumerNotExist" {
		t.Errorf("a saves after its expiry: %d %s", status, code)
	}
	if status, code := save("a", true); status != 200 {
		t.Errorf("a saves by force: %d %s", status, code)
	}
	if a := call("POST", "/g?type=heartbeat&consumer=a", "[0]"); a.status != 400 || a.code() != "NotExistConsumerWithBody" {
		t.Errorf("a goes on: %d %s", a.status, a.body)
	}
	w.clock.Advance(time.Hour)
	var points []checkpointView
	call("GET", "/g", "").decode(t, &points)
	if d := cmp.Diff([]checkpointView{{0, "MQ==", start.Add(31 * time.Second).UnixMicro(), "a"}, {Shard: 1}}, points); d != "" {
		t.Error(d)
	}
}

// FuzzHeartbeat sends any body; a shard that does not exist is never given out.
func FuzzHeartbeat(f *testing.F) {
	for _, body := range []string{"[]", "[0,1]", "[-1,99]", "null", "{}", "[0,0,0]", "[1e3]", `["0"]`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var held []int
		if json.Unmarshal(body, &held) != nil {
			return
		}
		ls := newLogstore(&project{}, LogstoreConfig{Name: "audit", ShardCount: 3}, start, 0)
		g := newConsumerGroup("g", time.Minute, true)
		if _, err := g.beat("b", nil, ls.allShards(), start); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "b"} {
			given, err := g.beat(name, held, ls.allShards(), start)
			var e *Error
			if err != nil && (!errors.As(err, &e) || name == "b" || len(held) == 0) {
				t.Fatalf("%s: %v", name, err)
			}
			for _, id := range given {
				if id < 0 || id > 2 {
					t.Fatalf("shard %d was given out", id)
				}
			}
		}
	})
}
