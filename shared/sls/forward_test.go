package sls

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pierrec/lz4/v4"
	"pgregory.net/rapid"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// target is a Logstore that groups are forwarded to.
type target struct {
	mu       sync.Mutex
	groups   [][]byte
	requests int
	now, top int                    // requests under way, and most of them at once
	noBatch  bool                   // it does not know requests of several groups
	fail     func(raw []byte) error // of one group; nil: stores all
	pause    time.Duration
}

func (d *target) begin() {
	d.mu.Lock()
	d.requests++
	d.now++
	d.top = max(d.top, d.now)
	d.mu.Unlock()
	if d.pause > 0 {
		time.Sleep(d.pause)
	}
}

func (d *target) store(raws ...[]byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now--
	for _, raw := range raws {
		if d.fail != nil {
			if err := d.fail(raw); err != nil {
				return err
			}
		}
	}
	for _, raw := range raws {
		d.groups = append(d.groups, bytes.Clone(raw))
	}
	return nil
}

func (d *target) PutLogs(_ context.Context, _ string, raw []byte, _ string) error {
	d.begin()
	return d.store(raw)
}

func (d *target) PutBatch(_ context.Context, _ string, b *Batch, _ string) error {
	d.begin()
	groups, err := unbatch(b)
	if err == nil && d.noBatch {
		err = &soc.Error{Kind: soc.Invalid, Code: "PostBodyInvalid"}
		groups = nil
	}
	if err != nil {
		_ = d.store()
		return err
	}
	return d.store(groups...)
}

// unbatch reads a package list as a service does.
func unbatch(b *Batch) ([][]byte, error) {
	var out [][]byte
	for i := 0; i < len(b.body); {
		f, err := readField(b.body, i)
		if err != nil || f.num != 1 {
			return nil, fmt.Errorf("package list: field %d, %w", f.num, err)
		}
		var data []byte
		var size, kind uint64
		for j := 0; j < len(f.data); {
			p, err := readField(f.data, j)
			if err != nil {
				return nil, err
			}
			switch p.num {
			case 1:
				data = p.data
			case 2:
				size = p.val
			case 3:
				kind = p.val
			}
			j = p.next
		}
		raw := make([]byte, size)
		if n, err := lz4.UncompressBlock(data, raw); err != nil || n != int(size) || kind != 2 {
			return nil, fmt.Errorf("package: %d bytes of kind %d, %w", n, kind, err)
		}
		out = append(out, raw)
		i = f.next
	}
	return out, nil
}

func identity(at Cursor, first int) []soc.Tag {
	return []soc.Tag{{Key: "cursor", Value: strconv.FormatInt(int64(at), 10)}, {Key: "first", Value: strconv.Itoa(first)}}
}

// records returns every log of the target by its identity, and fails when one is there twice.
func (d *target) records(t interface{ Errorf(string, ...any) }) map[string]plainLog {
	out := map[string]plainLog{}
	for _, raw := range d.groups {
		g, err := ParseGroup(raw)
		if err != nil {
			t.Errorf("stored group: %v", err)
			continue
		}
		var cursor, first string
		for k, v := range g.Tags() {
			switch string(k) {
			case "cursor":
				cursor = string(v)
			case "first":
				first = string(v)
			}
		}
		n, err := strconv.Atoi(first)
		if err != nil {
			t.Errorf("tag first: %v", err)
		}
		copied := copyGroup(g)
		for i := range g.CountFrom(n).Logs() {
			id := cursor + "/" + strconv.Itoa(i)
			if _, twice := out[id]; twice {
				t.Errorf("%s is stored twice", id)
			}
			out[id] = copied.Logs[i-n]
		}
	}
	return out
}

// pageOf makes a page of groups, the first of which has the cursor.
func pageOf(first Cursor, groups ...[]byte) *Page {
	p := &Page{Next: first + Cursor(len(groups)), Count: len(groups)}
	for _, g := range groups {
		p.Raw = appendListed(p.Raw, g)
	}
	return p
}

func groupOfSizes(id int, sizes ...int) []byte {
	var b Builder
	b.SetTopic("t" + strconv.Itoa(id))
	b.AddTag("first", "77") // a writer's own tag with our name
	for i, n := range sizes {
		b.StartLog(uint32(i+1), 0)
		b.Field("v", strings.Repeat(string(rune('a'+i%26)), n))
	}
	return b.Bytes()
}

// TestForwardKeepsIdentity is the property: whatever the sizes, limits and refusals, every log arrives once under its
// own cursor and number, with its own bytes, in order, or comes back with just that identity.
func TestForwardKeepsIdentity(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var groups [][]byte
		want := map[string]plainLog{}
		for i := range rapid.IntRange(1, 12).Draw(t, "groups") {
			sizes := rapid.SliceOfN(rapid.IntRange(0, 400), 0, 20).Draw(t, "logs")
			g := groupOfSizes(i, sizes...)
			groups = append(groups, g)
			view, err := ParseGroup(g)
			if err != nil {
				t.Fatal(err)
			}
			for n, l := range copyGroup(view).Logs {
				want[fmt.Sprintf("%d/%d", 1000+i, n)] = l
			}
		}
		limit := rapid.IntRange(150, 3000).Draw(t, "service limit")
		poison := rapid.IntRange(-1, 14).Draw(t, "poison")
		d := &target{noBatch: rapid.Bool().Draw(t, "no batch")}
		d.fail = func(raw []byte) error {
			if len(raw) > limit {
				return &soc.Error{Kind: soc.Invalid, Code: "PostBodyTooLarge"}
			}
			if g, err := ParseGroup(raw); err != nil || string(g.Topic()) == "t"+strconv.Itoa(poison) {
				return &soc.Error{Kind: soc.Invalid, Code: "PostBodyInvalid"}
			}
			return nil
		}
		f := NewForwarder(ForwardConfig{To: d, MaxRequest: rapid.IntRange(1, 5000).Draw(t, "request"), MaxGroup: rapid.IntRange(100, 4000).Draw(t, "group")})
		refused, err := f.Forward(context.Background(), new(Lane), pageOf(1000, groups...), identity)
		if err != nil {
			t.Fatal(err)
		}
		got := d.records(t)
		for _, r := range refused {
			view, _ := ParseGroup(groups[r.Cursor-1000])
			n := r.Logs
			if n == 0 {
				n = view.NumLogs()
			}
			for i := r.First; i < r.First+n; i++ {
				id := fmt.Sprintf("%d/%d", r.Cursor, i)
				if _, stored := got[id]; stored || r.Err == nil {
					t.Fatalf("%s is refused and stored, or without a reason: %v", id, r.Err)
				}
				got[id] = want[id]
				if int(r.Cursor)-1000 != poison && len(groupOfSizes(0, len(want[id].Fields[0][1])))+40 < min(limit, f.MaxGroup) {
					t.Fatalf("%s was refused but would fit: %v", id, r.Err)
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("records (-want +got):\n%s", diff)
		}
		at := func(g []byte) string {
			view, _ := ParseGroup(g)
			out := ""
			for k, v := range view.Tags() {
				if string(k) == "cursor" || string(k) == "first" {
					out = fmt.Sprintf("%s%08s", map[bool]string{true: "", false: out}[string(k) == "cursor"], v)
				}
			}
			return out
		}
		if !slices.IsSortedFunc(d.groups, func(a, b []byte) int { return strings.Compare(at(a), at(b)) }) {
			t.Fatal("groups are out of order")
		}
	})
}

func TestForwardPacksGroupsIntoRequests(t *testing.T) {
	t.Parallel()
	w := newWorkload(1 << 20)
	for _, noBatch := range []bool{false, true} {
		d := &target{noBatch: noBatch}
		f := NewForwarder(ForwardConfig{To: d, MaxRequest: 512 << 10})
		var lane Lane
		for range 2 {
			if refused, err := f.Forward(t.Context(), &lane, pageOf(5, w.groups...), identity); err != nil || len(refused) != 0 {
				t.Fatalf("%v, %v", refused, err)
			}
		}
		want := 2 * 3 // 14 groups of 81 kB, six to a request
		if noBatch {
			want = 1 + 2*len(w.groups) // the mode is tried once for each batch until it is known
		}
		if d.requests != want || len(d.groups) != 2*len(w.groups) {
			t.Errorf("no batch %v: %d requests for %d groups, want %d", noBatch, d.requests, len(d.groups), want)
		}
	}
}

func TestForwardFailsAsAWhole(t *testing.T) {
	t.Parallel()
	for _, kind := range []soc.Kind{soc.NotFound, soc.Denied, soc.Throttled, soc.Unavailable, soc.Timeout} {
		d := &target{fail: func([]byte) error { return &soc.Error{Kind: kind} }}
		f := NewForwarder(ForwardConfig{To: d, MaxRequest: 100})
		refused, err := f.Forward(t.Context(), new(Lane), pageOf(1, groupOfSizes(1, 90), groupOfSizes(2, 90), groupOfSizes(3, 90)), identity)
		if soc.KindOf(err) != kind || refused != nil || d.requests > 2 {
			t.Errorf("%v, %v after %d requests, want %s", refused, err, d.requests, kind)
		}
	}
}

func TestForwardBoundsRequestsOverShards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &target{pause: time.Second}
		f := NewForwarder(ForwardConfig{To: d, InFlight: 3, MaxRequest: 1})
		var wg sync.WaitGroup
		begin := time.Now()
		for shard := range 6 {
			wg.Go(func() {
				p := pageOf(Cursor(100*shard), groupOfSizes(1, 10), groupOfSizes(2, 10))
				if _, err := f.Forward(t.Context(), new(Lane), p, identity); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if d.top != 3 || time.Since(begin) != 4*time.Second {
			t.Errorf("%d requests at once in %v, want 3 in 4 s", d.top, time.Since(begin))
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		full := NewForwarder(ForwardConfig{To: d, InFlight: 1})
		full.slots <- struct{}{}
		cancel(errors.New("over"))
		if _, err := full.Forward(ctx, new(Lane), pageOf(1, groupOfSizes(1, 1)), identity); soc.KindOf(err) != soc.Timeout {
			t.Errorf("no room and no time: %v", err)
		}
	})
}

// FuzzForward splits any group that can be read, at any limit: its logs arrive once, under their numbers.
func FuzzForward(f *testing.F) {
	f.Add(vectorGroup(f), 100)
	f.Add(oddGroup(), 60)
	f.Add(groupOfSizes(1, 5, 50, 500, 0, 20), 130)
	f.Fuzz(func(t *testing.T, raw []byte, limit int) {
		g, err := ParseGroup(raw)
		if err != nil || limit <= 0 || limit > 1<<20 {
			return
		}
		want := map[string]plainLog{}
		for i, l := range copyGroup(g).Logs {
			want[fmt.Sprint("5/", i)] = l
		}
		d := &target{}
		fw := NewForwarder(ForwardConfig{To: d, MaxGroup: limit, MaxRequest: 2 * limit})
		refused, err := fw.Forward(t.Context(), new(Lane), pageOf(5, raw), identity)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range refused {
			delete(want, fmt.Sprint("5/", r.First))
		}
		for _, g := range d.groups {
			if len(g) > limit {
				t.Fatalf("a part of %d bytes, over %d", len(g), limit)
			}
		}
		if diff := cmp.Diff(want, d.records(t)); diff != "" {
			t.Fatalf("records (-want +got):\n%s", diff)
		}
	})
}
