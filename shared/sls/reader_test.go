package sls

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// script is a shard whose pulls are answered by a function.
type script struct {
	pull   func(n int, from Cursor, o PullOptions) (*Page, error)
	pulls  []time.Duration // when each pull came
	froms  []Cursor
	list   []Shard
	listed int
	oldest Cursor
	start  time.Time
}

func (s *script) Pull(ctx context.Context, _ string, _ int, from Cursor, o PullOptions) (*Page, error) {
	s.pulls = append(s.pulls, time.Since(s.start))
	s.froms = append(s.froms, from)
	p, err := s.pull(len(s.pulls), from, o)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return p, err
}

func (s *script) Cursor(context.Context, string, int, string) (Cursor, error) { return s.oldest, nil }

func (s *script) CursorTime(_ context.Context, _ string, _ int, at Cursor) (time.Time, error) {
	return time.Unix(int64(at), 0).UTC(), nil
}

func (s *script) ListShards(context.Context, string) ([]Shard, error) {
	s.listed++
	return s.list, nil
}

var oneGroup = groupOfSizes(1, 3)

// full is a page of n groups that is not the last.
func full(from Cursor, n int) *Page { return pageOf(from, slices.Repeat([][]byte{oneGroup}, n)...) }

func idle(from Cursor) *Page { return &Page{Next: from, EndReached: true} }

func read(t *testing.T, f func(t *testing.T, s *script, open func(ReaderConfig) *Reader)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{start: time.Now(), list: []Shard{{ID: 0, Status: "readwrite"}}}
		f(t, s, func(c ReaderConfig) *Reader {
			c.From, c.Logstore = s, "l"
			r := NewReader(c)
			t.Cleanup(r.Close)
			return r
		})
	})
}

func TestReaderPullsAhead(t *testing.T) {
	read(t, func(t *testing.T, s *script, open func(ReaderConfig) *Reader) {
		s.pull = func(n int, from Cursor, _ PullOptions) (*Page, error) {
			time.Sleep(time.Second)
			if n > 4 {
				return idle(from), nil
			}
			return full(from, 10), nil
		}
		r := open(ReaderConfig{At: 100})
		for i := range 4 {
			p, err := r.Next(t.Context())
			if err != nil || p.First() != Cursor(100+10*i) || p.Count != 10 {
				t.Fatalf("page %d: %+v, %v", i, p, err)
			}
			time.Sleep(time.Second) // the work on it
		}
		synctest.Wait()
		if d := time.Since(s.start); d != 5*time.Second {
			t.Errorf("four pages of a second each, worked on for a second each, took %v, want 5 s", d)
		}
		if diff := cmp.Diff([]time.Duration{0, 1e9, 2e9, 3e9, 4e9}, s.pulls); diff != "" {
			t.Errorf("pulls (-want +got):\n%s", diff)
		}
	})
}

func TestReaderIsAheadByOnePage(t *testing.T) {
	read(t, func(t *testing.T, s *script, open func(ReaderConfig) *Reader) {
		s.pull = func(_ int, from Cursor, _ PullOptions) (*Page, error) { return full(from, 1), nil }
		if _, err := open(ReaderConfig{At: 1}).Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(s.pulls) != 2 {
			t.Errorf("%d pulls, want 2", len(s.pulls))
		}
	})
}

func TestReaderPacesItself(t *testing.T) {
	read(t, func(t *testing.T, s *script, open func(ReaderConfig) *Reader) {
		s.pull = func(n int, from Cursor, _ PullOptions) (*Page, error) {
			if n == 6 {
				p := full(from, 1)
				p.EndReached = true
				return p, nil
			}
			return idle(from), nil
		}
		r := open(ReaderConfig{At: 1})
		for range 8 {
			if _, err := r.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ms := time.Millisecond
		want := []time.Duration{0, 100 * ms, 300 * ms, 700 * ms, 1500 * ms, 2500 * ms, 2600 * ms, 2800 * ms}
		if diff := cmp.Diff(want, s.pulls); diff != "" {
			t.Errorf("pulls (-want +got):\n%s", diff)
		}
		if s.listed != 1 {
			t.Errorf("listed %d times", s.listed)
		}
	})
}

func TestReaderMovesOnFilteredPages(t *testing.T) {
	read(t, func(t *testing.T, s *script, open func(ReaderConfig) *Reader) {
		s.pull = func(n int, from Cursor, o PullOptions) (*Page, error) {
			if o.Query != "* | where a = 'b'" {
				t.Errorf("query %q", o.Query)
			}
			if n > 5 {
				return idle(from), nil
			}
			return &Page{Next: from + 1000, Scanned: 1 << 20}, nil
		}
		r := open(ReaderConfig{At: 1, Query: "* | where a = 'b'"})
		for range 5 {
			if p, err := r.Next(t.Context()); err != nil || p.Gap != nil {
				t.Fatal(p, err)
			}
		}
		if d := time.Since(s.start); d != 0 || r.Position() != 5001 {
			t.Errorf("at %d after %v: empty pages were taken for an idle shard", r.Position(), d)
		}
	})
}

func TestReaderEndsAtEnd(t *testing.T) {
	read(t, func(t *testing.T, s *script, open func(ReaderConfig) *Reader) {
		s.pull = func(_ int, from Cursor, o PullOptions) (*Page, error) {
			p := full(from, int(min(10, o.End-from)))
			p.EndReached = p.Next == o.End
			return p, nil
		}
		r, n := open(ReaderConfig{At: 1, End: 26}), 0
		for {
			p, err := r.Next(t.Context())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			n += p.Count
		}
		if n != 25 || len(s.pulls) != 3 {
			t.Errorf("%d groups in %d pulls, want 25 in 3", n, len(s.pulls))
		}
	})
}

func TestReaderReadsASplitShardToItsEnd(t *testing.T) {
	read(t, func(t *testing.T, s *script, open func(ReaderConfig) *Reader) {
		s.list = []Shard{
			{ID: 0, Status: "readonly", BeginKey: "00", EndKey: "ff"},
			{ID: 1, Status: "readonly", BeginKey: "00", EndKey: "80"},
			{ID: 2, Status: "readwrite", BeginKey: "80", EndKey: "ff"},
			{ID: 3, Status: "readwrite", BeginKey: "00", EndKey: "40"},
		}
		s.pull = func(n int, from Cursor, _ PullOptions) (*Page, error) {
			if n == 2 { // it came in between the first pull and the list
				return full(from, 7), nil
			}
			return idle(from), nil
		}
		r, groups := open(ReaderConfig{At: 1}), 0
		for {
			p, err := r.Next(t.Context())
			var end *ShardEnd
			if errors.As(err, &end) {
				if len(end.Next) != 2 || end.Next[0].ID != 1 || end.Next[1].ID != 2 || end.At != 8 || end.Expired || !errors.Is(err, io.EOF) {
					t.Errorf("end %+v", end)
				}
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			groups += p.Count
		}
		if groups != 7 || s.listed != 1 {
			t.Errorf("%d groups, listed %d times; want 7 and 1", groups, s.listed)
		}
		if _, err := r.Next(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestReaderReportsAnExpiredShard(t *testing.T) {
	read(t, func(t *testing.T, s *script, open func(ReaderConfig) *Reader) {
		s.list = []Shard{{ID: 5, Status: "readwrite"}}
		s.pull = func(int, Cursor, PullOptions) (*Page, error) {
			return nil, &soc.Error{Kind: soc.NotFound, Code: "ShardNotExist"}
		}
		var end *ShardEnd
		if _, err := open(ReaderConfig{At: 1}).Next(t.Context()); !errors.As(err, &end) || !end.Expired {
			t.Errorf("error %v", err)
		}
		s.list = append(s.list, Shard{ID: 0})
		if _, err := open(ReaderConfig{At: 1}).Next(t.Context()); soc.KindOf(err) != soc.NotFound || errors.As(err, &end) && errors.Is(err, io.EOF) {
			t.Errorf("listed, and not found: %v", err)
		}
	})
}

func TestReaderNamesGaps(t *testing.T) {
	for _, how := range []string{"moved to the oldest", "refused", "all expired"} {
		t.Run(how, func(t *testing.T) {
			read(t, func(t *testing.T, s *script, open func(ReaderConfig) *Reader) {
				s.oldest = 5000
				s.pull = func(_ int, from Cursor, _ PullOptions) (*Page, error) {
					switch {
					case from < s.oldest && how == "refused":
						return nil, &soc.Error{Kind: soc.Invalid, Code: "ParameterInvalid"}
					case how == "all expired":
						return &Page{Next: max(from, s.oldest), EndReached: true}, nil
					}
					return full(max(from, s.oldest), 10), nil
				}
				r := open(ReaderConfig{At: 2000, ReadUpTo: time.Unix(1900, 0).UTC()})
				p, err := r.Next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				want := &Gap{From: 2000, To: 5000, Since: time.Unix(1900, 0).UTC(), Until: time.Unix(5000, 0).UTC()}
				if diff := cmp.Diff(want, p.Gap); diff != "" {
					t.Errorf("gap (-want +got):\n%s", diff)
				}
				if p.Gap.Lost() != 3100*time.Second {
					t.Errorf("lost %v", p.Gap.Lost())
				}
				if p, err = r.Next(t.Context()); err != nil || p.Gap != nil {
					t.Errorf("the gap is reported again: %v, %v", p.Gap, err)
				}
			})
		})
	}
}

func TestReaderFindsTheGroupThatCannotBeDecoded(t *testing.T) {
	read(t, func(t *testing.T, s *script, open func(ReaderConfig) *Reader) {
		s.pull = func(_ int, from Cursor, o PullOptions) (*Page, error) {
			end := min(from+Cursor(o.Count), 3000)
			if from <= 1234 && 1234 < end {
				return nil, invalidBytes(&DecodeError{1, "Log", errTime})
			}
			p := full(from, int(end-from))
			p.EndReached = end == 3000
			return p, nil
		}
		r, n, skipped := open(ReaderConfig{At: 1}), 0, Cursor(0)
		for r.Position() < 3000 {
			p, err := r.Next(t.Context())
			if err == nil {
				n += p.Count
				continue
			}
			var bad *DecodeError
			if !errors.As(err, &bad) || r.Position() != 1234 {
				t.Fatalf("at %d: %v", r.Position(), err)
			}
			skipped = r.Skip()
		}
		if n != 2998 || skipped != 1234 || len(s.pulls) > 35 {
			t.Errorf("%d groups, skipped %d, %d pulls", n, skipped, len(s.pulls))
		}
	})
}

func TestReaderSurvivesErrorsAndContexts(t *testing.T) {
	read(t, func(t *testing.T, s *script, open func(ReaderConfig) *Reader) {
		s.pull = func(n int, from Cursor, _ PullOptions) (*Page, error) {
			if n == 2 {
				return nil, &soc.Error{Kind: soc.Unavailable}
			}
			if n == 5 {
				time.Sleep(time.Hour)
			}
			return full(from, 1), nil
		}
		r := open(ReaderConfig{At: 1})
		kinds := []soc.Kind{"", soc.Unavailable, "", "", soc.Timeout, "", ""}
		for i, want := range kinds {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			_, err := r.Next(ctx)
			if soc.KindOf(err) != want {
				t.Errorf("call %d: %v, want %q", i, err, want)
			}
			if i == 5 {
				cancel() // with a pull under way that the next call does not owe anything to
				synctest.Wait()
			}
			defer cancel()
		}
		if got := r.Position(); got != 6 {
			t.Errorf("position %d, want 6: froms %v", got, s.froms)
		}
	})
}

func TestSuccessors(t *testing.T) {
	t.Parallel()
	sh := func(id int, begin, end string) Shard { return Shard{ID: id, BeginKey: begin, EndKey: end} }
	list := []Shard{
		sh(6, "00", "40"), sh(0, "00", "80"), sh(1, "80", "ff"), // 0 was split into 2 and 3, 3 and 1 merged to 4,
		sh(2, "00", "40"), sh(3, "40", "80"), sh(4, "40", "ff"), sh(5, "00", "20"),
	}
	tests := []struct {
		name string
		list []Shard
		of   Shard
		want []int
	}{
		{"split", list, list[1], []int{2, 3}},
		{"merge, right parent", list, list[2], []int{4}},
		{"merge, left parent", list, sh(3, "40", "80"), []int{4}},
		{"child expired", []Shard{sh(0, "00", "80"), sh(3, "40", "80"), sh(5, "00", "20"), sh(6, "20", "40"), sh(7, "00", "10")}, sh(0, "00", "80"), []int{3, 5, 6}},
		{"still written", list, sh(4, "40", "ff"), nil},
	}
	for _, tt := range tests {
		var got []int
		for _, s := range Successors(tt.list, tt.of) {
			got = append(got, s.ID)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
