package sls

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fenghuo-soc/fenghuo/emulator/clock"
)

// TestNothingIsLost puts, splits, merges and pulls in any sequence: every group comes out exactly once, and within a
// shard in the order it was put.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		clk := clock.Standing(start)
		s := New(Options{Credentials: keys{}, Authorizer: &policy{}, Clock: clk.Now})
		if err := s.Seed(accountC, "shop-logs", "audit", rapid.IntRange(1, 3).Draw(rt, "shards"), LogstoreConfig{}); err != nil {
			rt.Fatal(err)
		}
		ls, err := s.find("shop-logs", "audit")
		if err != nil {
			rt.Fatal(err)
		}
		r := &reader{s: s, ls: ls, at: map[int]int64{}, seen: map[int][]int{}}
		put := 0
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			clk.Advance(time.Second)
			shard := rapid.IntRange(0, len(ls.allShards())-1).Draw(rt, "shard")
			switch rapid.SampledFrom([]string{"put", "put", "put", "key", "split", "merge", "pull"}).Draw(rt, "step") {
			case "put":
				r.put(rt, put, "", clk.Now())
				put++
			case "key":
				key, err := fullKey(rapid.StringMatching("[0-9a-fA-F]{1,4}").Draw(rt, "key"))
				if err != nil {
					rt.Fatal(err)
				}
				r.put(rt, put, key, clk.Now())
				put++
			case "split": // refused on read-only shards
				_, _ = ls.split(shard, "", rapid.IntRange(2, 3).Draw(rt, "parts"), clk.Now())
			case "merge":
				_, _ = ls.merge(shard, clk.Now())
			case "pull":
				r.pull(rt, shard, rapid.IntRange(1, 5).Draw(rt, "count"))
			}
		}
		r.finish(rt, put)
		checkCover(rt, ls)
	})
}

// reader pulls and remembers what it saw of each shard.
type reader struct {
	s    *Service
	ls   *logstore
	at   map[int]int64
	seen map[int][]int
}

func (r *reader) put(t *rapid.T, n int, key string, at time.Time) {
	g, err := r.s.pack(groupOf("", strconv.Itoa(n), logOf(1, 0)), nil, new(scratch))
	if err != nil {
		t.Fatal(err)
	}
	if err = r.s.store(r.ls, key, "", g, at); err != nil {
		t.Fatal(err)
	}
}

func (r *reader) pull(t *rapid.T, id, count int) int {
	sh, err := r.ls.shard(id)
	if err != nil {
		t.Fatal(err)
	}
	p := sh.page(r.at[id], 1<<62, count)
	r.at[id] = p.next
	raw, err := r.s.groupList(nil, p.groups)
	if err != nil {
		t.Fatal(err)
	}
	for len(raw) > 0 {
		_, data, rest, err := nextBytes(raw, 1)
		if err != nil {
			t.Fatal(err)
		}
		raw = rest
		var g logGroup
		if err = g.decode(data); err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(string(g.source))
		if err != nil {
			t.Fatal(err)
		}
		r.seen[id] = append(r.seen[id], n)
	}
	return len(p.groups)
}

// finish reads all shards to their ends and checks what came out.
func (r *reader) finish(t *rapid.T, put int) {
	var all []int
	for _, sh := range r.ls.allShards() {
		for r.pull(t, sh.id, 7) > 0 {
		}
		if !slices.IsSorted(r.seen[sh.id]) {
			t.Fatalf("shard %d is out of order: %v", sh.id, r.seen[sh.id])
		}
		all = append(all, r.seen[sh.id]...)
	}
	slices.Sort(all)
	for i, n := range all {
		if i != n {
			t.Fatalf("of %d groups these came out: %v", put, all)
		}
	}
	if len(all) != put {
		t.Fatalf("%d groups were put, %d came out", put, len(all))
	}
}

// checkCover checks that the writable shards cover the key space without a gap or an overlap.
func checkCover(t *rapid.T, ls *logstore) {
	var open []*shard
	for _, sh := range ls.allShards() {
		if sh.status() == "readwrite" {
			open = append(open, sh)
		}
	}
	slices.SortFunc(open, func(a, b *shard) int {
		if a.begin < b.begin {
			return -1
		}
		return 1
	})
	next := firstKey
	for _, sh := range open {
		if sh.begin != next {
			t.Fatalf("shard %d begins at %s, want %s", sh.id, sh.begin, next)
		}
		next = sh.end
	}
	if next != lastKey {
		t.Fatalf("the shards end at %s", next)
	}
}
