package collect

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

const first = "p000/l/0"

// bubble runs f where time passes only when everybody waits.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// once checks that every log of n groups was written, and how often.
func (s *stream) once(t *testing.T, records, times int) {
	t.Helper()
	if len(s.got) != records {
		t.Errorf("stream holds %d identities, want %d", len(s.got), records)
	}
	for id, n := range s.got {
		if n > times {
			t.Errorf("%s was written %d times", id, n)
		}
	}
	if d := cmp.Diff(map[string]bool{"1100000000000003": true}, s.acct); records > 0 && d != "" {
		t.Errorf("accounts (-want +got):\n%s", d)
	}
}

// chain checks that the ledger of every shard is unbroken.
func (b *book) chain(t *testing.T) {
	t.Helper()
	next := map[string]int64{}
	for _, g := range b.ranges {
		name := g.Shard.String()
		if at, ok := next[name]; ok && at != g.From {
			t.Errorf("%s: range begins at %d, the last one ended at %d", name, g.From, at)
		}
		if int64(g.Groups) != g.To-g.From {
			t.Errorf("%s: %d groups in [%d,%d)", name, g.Groups, g.From, g.To)
		}
		next[name] = g.To
	}
}

func TestRunMovesEverythingOnce(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		m := &member{}
		m.write(2500)
		w := newWorld(m, 1)
		go func() {
			time.Sleep(7 * time.Second)
			m.write(3)
		}()
		begun := time.Now()
		sum := w.run(t, 25*time.Second)
		if sum.Groups != 2503 || sum.Records != 5006 || sum.Shards != 1 || len(sum.Errors) != 0 || sum.Bytes == 0 {
			t.Errorf("summary %+v", sum)
		}
		w.stream.once(t, 5006, 1)
		w.book.chain(t)
		if took := time.Since(begun); took > 26*time.Second {
			t.Errorf("ran for %v", took)
		}
		if m.pulls > 60 {
			t.Errorf("an idle shard was asked %d times in 25 s", m.pulls)
		}
		if r := w.book.shards[first]; r.held != (time.Time{}) || r.err != "" || r.lease.Cursor != base+2503 {
			t.Errorf("shard left as %+v", r)
		}
	})
}

func TestCrashBetweenPutAndCommitKeepsIdentity(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		m := &member{}
		m.write(5)
		w := newWorld(m, 1)
		crashed := false
		w.book.commitErr = func(g store.Range) error {
			if g.To > g.From && !crashed {
				crashed = true
				return &soc.Error{Kind: soc.Unavailable, Op: "commit range", Err: errors.New("killed")}
			}
			return nil
		}
		sum := w.run(t, 20*time.Second)
		if !crashed || sum.Groups != 5 || len(sum.Errors) != 1 {
			t.Errorf("crashed %v, summary %+v", crashed, sum)
		}
		w.stream.once(t, 10, 2)
		w.book.chain(t)
	})
}

func TestStolenLeaseCannotCommit(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		m := &member{}
		m.write(5)
		w := newWorld(m, 1)
		stolen := false
		w.stream.fail = func(soc.Origin) error {
			if !stolen { // somebody else claims the shard while the groups are on their way
				stolen = true
				w.book.mu.Lock()
				r := w.book.shards[first]
				r.lease.Token++
				r.held = time.Now().Add(time.Hour)
				w.book.mu.Unlock()
			}
			return nil
		}
		sum := w.run(t, 5*time.Second)
		if sum.Groups != 0 || len(sum.Errors) != 0 {
			t.Errorf("summary %+v", sum)
		}
		if r := w.book.shards[first]; r.lease.Cursor != base || r.held.IsZero() {
			t.Errorf("the thief's shard was changed: %+v", r)
		}
	})
}

func TestPoisonIsParkedAndTheShardGoesOn(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		m := &member{bad: map[int]bool{700: true}}
		m.write(1500)
		w := newWorld(m, 1)
		w.stream.fail = func(o soc.Origin) error {
			if o.Cursor == base+3 {
				return &soc.Error{Kind: soc.Invalid, Op: "put logs", Code: "PostBodyInvalid"}
			}
			return nil
		}
		sum := w.run(t, 5*time.Second)
		if sum.Groups != 1500 || sum.Parked != 2 || len(sum.Errors) != 0 {
			t.Errorf("summary %+v", sum)
		}
		if len(w.book.parked) != 2 || w.book.parked[base+3] == "" || w.book.parked[base+700] == "" {
			t.Errorf("parked %v", w.book.parked)
		}
		w.stream.once(t, 2*1498, 1)
		w.book.chain(t)
	})
}

func TestTooLargeGroupIsParked(t *testing.T) {
	t.Parallel()
	var b sls.Builder
	b.StartLog(1, 0)
	b.Field("body", strings.Repeat("x", sls.MaxGroupBytes-100))
	bubble(t, func(t *testing.T) {
		m := &member{groups: [][]byte{b.Bytes()}}
		m.write(1)
		w := newWorld(m, 1)
		if sum := w.run(t, 2*time.Second); sum.Parked != 1 || sum.Groups != 2 {
			t.Errorf("summary %+v", sum)
		}
		w.stream.once(t, 2, 1)
	})
}

func TestFailingShardDoesNotStopItsNeighbours(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind soc.Kind
		most int // pulls in 50 s
	}{{soc.Denied, 1}, {soc.NotFound, 1}, {soc.Throttled, 5}, {soc.Unavailable, 10}}
	for _, tt := range tests {
		t.Run(string(tt.kind), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				good, bad := &member{}, &member{pullErr: &soc.Error{Kind: tt.kind, Op: "pull logs", Next: "do this"}}
				good.write(4)
				w := newWorld(good, 3)
				w.open = func(h store.Shard) (Reader, error) {
					switch h.Project {
					case "p001":
						return bad, nil
					case "p002":
						return nil, &soc.Error{Kind: soc.Denied, Op: "assume role"}
					}
					return good, nil
				}
				sum := w.run(t, 50*time.Second)
				if sum.Groups != 4 || len(sum.Errors) < 2 {
					t.Errorf("summary %+v", sum)
				}
				if r := w.book.shards["p001/l/0"]; r.err != "pull logs; do this" || bad.pulls > tt.most || bad.pulls < 1 {
					t.Errorf("bad shard %q after %d pulls, want at most %d", r.err, bad.pulls, tt.most)
				}
				w.book.chain(t)
			})
		})
	}
}

func TestUnreachableStreamCommitsNothing(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		m := &member{}
		m.write(10)
		w := newWorld(m, 1)
		w.stream.fail = func(soc.Origin) error { return &soc.Error{Kind: soc.NotFound, Op: "put logs"} }
		sum := w.run(t, 5*time.Second)
		if sum.Groups != 0 || len(w.book.parked) != 0 || len(sum.Errors) != 1 || !strings.Contains(sum.Errors[0].Message, "central stream") {
			t.Errorf("summary %+v", sum)
		}
		if r := w.book.shards[first]; r.finished || r.lease.Cursor != base {
			t.Errorf("shard %+v", r)
		}
	})
}

func TestReadOnlyShardIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		m := &member{readOnly: true}
		m.write(3)
		w := newWorld(m, 1)
		if sum := w.run(t, 20*time.Second); sum.Groups != 3 {
			t.Errorf("summary %+v", sum)
		}
		if r := w.book.shards[first]; !r.finished || r.err != "" || m.listed != 1 {
			t.Errorf("shard %+v, listed %d times", r, m.listed)
		}
	})
	bubble(t, func(t *testing.T) {
		m := &member{gone: true}
		w := newWorld(m, 1)
		w.run(t, 5*time.Second)
		if r := w.book.shards[first]; !r.finished || !strings.Contains(r.err, "expired") {
			t.Errorf("expired shard %+v", r)
		}
	})
}

func TestExpiredRangeIsReported(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		m := &member{expired: 40}
		m.write(100)
		w := newWorld(m, 1)
		r := w.book.shards[first]
		r.lease.Cursor, r.lease.HasCursor, r.lease.LastLogAt = base+10, true, time.Unix(0, base).Truncate(time.Second).Add(-2*time.Hour)
		sum := w.run(t, 3*time.Second)
		if sum.Groups != 60 || sum.Parked != 1 || len(sum.Errors) != 1 || !strings.Contains(sum.Errors[0].Message, "30 LogGroups expired") ||
			!strings.Contains(sum.Errors[0].Message, "2h1m40s of arrivals") {
			t.Errorf("summary %+v", sum)
		}
		if w.book.parked[base+10] == "" || r.lease.Cursor != base+100 || w.book.ranges[0].Groups != 0 || w.book.ranges[0].To != base+40 {
			t.Errorf("parked %v, shard %+v, ranges %+v", w.book.parked, r, w.book.ranges)
		}
	})
}

func TestExpiredShardThatWasNeverReadIsFinished(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		m := &member{gone: true}
		w := newWorld(m, 1)
		r := w.book.shards[first]
		r.lease.Cursor, r.lease.HasCursor = base, true
		w.run(t, 5*time.Second)
		if !r.finished || !strings.Contains(r.err, "expired") {
			t.Errorf("shard %+v", r)
		}
	})
}

// TestSplitGroupsKeepTheNumbersOfTheirLogs writes a group that is over the limit and reads its parts back.
func TestSplitGroupsKeepTheNumbersOfTheirLogs(t *testing.T) {
	t.Parallel()
	var b sls.Builder
	for i := range 7 {
		b.StartLog(uint32(i+1), 0)
		b.Field("body", strings.Repeat("x", sls.MaxGroupBytes/5))
	}
	b.AddTag(soc.TagFirst, "1000000") // a tenant's own tag with our name
	bubble(t, func(t *testing.T) {
		m := &member{groups: [][]byte{b.Bytes()}}
		w := newWorld(m, 1)
		var parts [][]byte
		w.stream.keep = func(raw []byte) { parts = append(parts, raw) }
		if sum := w.run(t, 2*time.Second); sum.Parked != 0 || sum.Groups != 1 || sum.Records != 7 {
			t.Errorf("summary %+v", sum)
		}
		if len(parts) != 2 {
			t.Fatalf("%d parts, want 2", len(parts))
		}
		central, n := &member{groups: parts}, 0
		span := Span{Logstore: "stream", Begin: sls.Cursor(base).String(), End: sls.Cursor(base + 2).String()}
		err := Each(t.Context(), central, span, func(_ sls.Cursor, g sls.Group) error {
			o, g, err := OriginOf(g)
			for i, l := range g.Logs() {
				if sec, _ := l.Time(); i != n || int(sec) != n+1 || o.Record(i).Cursor != base {
					t.Errorf("log %d has number %d and time %d in %v", n, i, sec, o)
				}
				n++
			}
			return err
		}, func(sls.Cursor, error) error { return nil })
		if err != nil || n != 7 {
			t.Errorf("%d logs, error %v", n, err)
		}
	})
}

func TestManyShardsTakeTurns(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		m := &member{}
		m.write(2)
		w := newWorld(m, 30)
		w.shards = 8
		if sum := w.run(t, 45*time.Second); sum.Shards != 30 || sum.Groups != 60 {
			t.Errorf("summary %+v", sum)
		}
		w.book.chain(t)
	})
}

func TestStartAtEnd(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		m := &member{}
		m.write(5)
		w := newWorld(m, 1)
		c := w.config(3 * time.Second)
		c.Start = "end"
		sum, err := Run(t.Context(), c)
		if err != nil || sum.Groups != 0 || w.book.shards[first].lease.Cursor != base+5 {
			t.Errorf("summary %+v, shard %+v, error %v", sum, w.book.shards[first], err)
		}
	})
}

func TestNoStore(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		w := newWorld(&member{}, 1)
		w.book.claimErr = &soc.Error{Kind: soc.Unavailable, Op: "claim shards"}
		if _, err := Run(t.Context(), w.config(3*time.Second)); soc.KindOf(err) != soc.Unavailable {
			t.Errorf("got %v, want Unavailable", err)
		}
	})
}

func TestEachReadsExactlyTheSpan(t *testing.T) {
	t.Parallel()
	m := &member{bad: map[int]bool{1400: true}}
	m.write(2000)
	span := func(from, to int) Span {
		return Span{Logstore: "l", Begin: sls.Cursor(base + from).String(), End: sls.Cursor(base + to).String()}
	}
	tests := []struct {
		name          string
		span          Span
		groups, parks int
		kind          soc.Kind
	}{
		{"middle", span(10, 1300), 1290, 0, ""},
		{"over poison", span(1300, 1500), 199, 1, ""},
		{"empty", span(5, 5), 0, 0, ""},
		{"past the end of the data", span(1990, 3000), 10, 0, ""},
		{"backwards", span(9, 5), 0, 0, soc.Invalid},
		{"no cursor", Span{Begin: "?", End: "?"}, 0, 0, soc.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			groups, parks, last := 0, 0, sls.Cursor(0)
			err := Each(t.Context(), m, tt.span, func(c sls.Cursor, g sls.Group) error {
				if groups++; c <= last || g.NumLogs() != 2 {
					t.Errorf("group at %d after %d with %d logs", c, last, g.NumLogs())
				}
				last = c
				return nil
			}, func(c sls.Cursor, why error) error {
				if parks++; c != base+1400 || why == nil {
					t.Errorf("poison at %d: %v", c, why)
				}
				return nil
			})
			if groups != tt.groups || parks != tt.parks || soc.KindOf(err) != tt.kind {
				t.Errorf("got %d groups, %d parked, error %v; want %d, %d, %q", groups, parks, err, tt.groups, tt.parks, tt.kind)
			}
		})
	}
}

func BenchmarkForward(b *testing.B) {
	m := &member{}
	m.write(1000)
	page, err := m.Pull(b.Context(), "l", 0, base, sls.PullOptions{Count: 1000})
	if err != nil {
		b.Fatal(err)
	}
	w := newWorld(m, 1)
	c := w.config(time.Hour)
	c.Stream = discard{}
	r := newRunner(c)
	leases, err := w.book.ClaimShards(b.Context(), "w", 1, time.Hour, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(page.Raw)))
	b.ReportAllocs()
	for b.Loop() {
		t := &turn{runner: r, lease: leases[0], desk: r.desk(), at: base}
		w.book.shards[first].lease.HasCursor = false
		r.clear(t.desk)
		if err := t.forward(b.Context(), page); err != nil {
			b.Fatal(err)
		}
	}
}

// TestWhatGoesOnForASplitShardIsReadAtOnce does not wait for discover.
func TestWhatGoesOnForASplitShardIsReadAtOnce(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		parent := &member{readOnly: true, split: true}
		parent.write(3)
		w := newWorld(parent, 1)
		children := map[int]*member{1: {}, 2: {}}
		for _, c := range children {
			c.write(2)
		}
		w.open = func(h store.Shard) (Reader, error) {
			if c := children[h.Shard]; c != nil {
				if !w.book.ended(first) {
					t.Errorf("shard %d is read before its parent is read to the end", h.Shard)
				}
				return c, nil
			}
			return parent, nil
		}
		sum := w.run(t, 10*time.Second)
		if sum.Groups != 7 || sum.Shards != 3 || len(sum.Errors) != 0 {
			t.Errorf("%+v", sum)
		}
		if d := cmp.Diff([]int{0, 0}, w.book.parents); d != "" {
			t.Errorf("parents of what goes on: %s", d)
		}
	})
}
