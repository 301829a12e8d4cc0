package sls

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// sink takes groups and says how each write goes.
type sink struct {
	mu     sync.Mutex
	got    map[string][]string // field n by hash key, in order
	sizes  []int
	calls  int
	at     []time.Duration
	start  time.Time
	answer func(ctx context.Context, call int, key string) error
}

func (s *sink) PutLogs(ctx context.Context, _ string, raw []byte, key string) error {
	s.mu.Lock()
	s.calls++
	call := s.calls
	s.at = append(s.at, time.Since(s.start))
	s.mu.Unlock()
	if s.answer != nil {
		if err := s.answer(ctx, call, key); err != nil {
			return err
		}
	}
	g, err := ParseGroup(raw)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes = append(s.sizes, len(raw))
	for _, l := range g.Logs() {
		v, _ := l.Get("n")
		s.got[key] = append(s.got[key], string(v))
	}
	return nil
}

// seen returns how many groups came, and the logs of a key.
func (s *sink) seen(key string) (groups, logs int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls, len(s.got[key])
}

func entry(key string, n int) Entry {
	return Entry{Time: time.Unix(int64(n), 5), HashKey: key, Fields: []Field{{"n", fmt.Sprint(n)}, {"pad", strings.Repeat("x", 60)}}}
}

func write(t *testing.T, c WriterConfig, f func(t *testing.T, s *sink, w *Writer)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &sink{got: map[string][]string{}, start: time.Now()}
		c.To, c.Logstore = s, "l"
		w := NewWriter(t.Context(), c)
		f(t, s, w)
		_ = w.Close(t.Context()) // a test that ended early
	})
}

func TestWriterSealsBySizeCountAndAge(t *testing.T) {
	write(t, WriterConfig{MaxLogs: 10, MaxBytes: 1000, MaxAge: 3 * time.Second, Topic: "t", Tags: []soc.Tag{{Key: "a", Value: "b"}}}, func(t *testing.T, s *sink, w *Writer) {
		for i := range 25 { // about 80 bytes each: ten by count
			if err := w.Write(t.Context(), entry("", i)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if n, _ := s.seen(""); n != 2 {
			t.Errorf("%d groups of ten, want 2", n)
		}
		time.Sleep(3*time.Second - 1)
		synctest.Wait()
		if n, _ := s.seen(""); n != 2 {
			t.Error("the rest was sent before its time")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if n, logs := s.seen(""); n != 3 || logs != 25 {
			t.Errorf("%d groups with %d logs", n, logs)
		}
		big := entry("", 99)
		big.Fields[1].Value = strings.Repeat("y", 700)
		for range 3 {
			if err := w.Write(t.Context(), big); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if n, _ := s.seen(""); n != 5 {
			t.Errorf("%d groups, want two more by size", n)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, n := range s.sizes {
			if n > 1000+100 {
				t.Errorf("a group has %d bytes", n)
			}
		}
	})
}

func TestWriterKeepsOrderByHashKey(t *testing.T) {
	write(t, WriterConfig{MaxLogs: 3, InFlight: 2}, func(t *testing.T, s *sink, w *Writer) {
		now, top := map[string]int{}, 0
		s.answer = func(_ context.Context, call int, key string) error {
			s.mu.Lock()
			now[key]++
			if now[key] > 1 {
				t.Errorf("two requests of key %q at once", key)
			}
			top = max(top, now["00"]+now["80"]+now["ff"])
			s.mu.Unlock()
			time.Sleep(time.Duration(10-call%7) * time.Millisecond)
			s.mu.Lock()
			now[key]--
			s.mu.Unlock()
			return nil
		}
		want := map[string][]string{}
		for i := range 300 {
			key := []string{"00", "80", "ff"}[i*i%7%3]
			want[key] = append(want[key], fmt.Sprint(i))
			if err := w.Write(t.Context(), entry(key, i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, s.got); diff != "" || top != 2 {
			t.Errorf("%d at once; logs (-want +got):\n%s", top, diff)
		}
	})
}

func TestWriterPushesBack(t *testing.T) {
	write(t, WriterConfig{MaxPending: 2000}, func(t *testing.T, s *sink, w *Writer) {
		s.answer = func(context.Context, int, string) error { time.Sleep(time.Minute); return nil }
		n := 0
		for ; ; n++ {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			err := w.Write(ctx, entry("", n))
			cancel()
			if err != nil {
				if soc.KindOf(err) != soc.Timeout {
					t.Errorf("no room: %v", err)
				}
				break
			}
		}
		if n < 15 || n > 25 {
			t.Errorf("%d logs of 90 bytes fit into 2000", n)
		}
		begin := time.Now()
		if err := w.Write(t.Context(), entry("", n)); err != nil || time.Since(begin) < 50*time.Second {
			t.Errorf("the write that waits for room: %v after %v", err, time.Since(begin))
		}
		if err := w.Write(t.Context(), Entry{Fields: []Field{{"v", strings.Repeat("x", 2000)}}}); soc.KindOf(err) != soc.Invalid {
			t.Errorf("a log over the limit: %v", err)
		}
		if err := w.Close(t.Context()); err != nil || len(s.got[""]) != n+1 {
			t.Errorf("%d logs, %v; want %d", len(s.got[""]), err, n+1)
		}
	})
}

func TestWriterTriesAgainWhatMayPass(t *testing.T) {
	write(t, WriterConfig{}, func(t *testing.T, s *sink, w *Writer) {
		s.answer = func(_ context.Context, call int, _ string) error {
			if call < 4 {
				return &soc.Error{Kind: soc.Throttled}
			}
			return nil
		}
		if err := w.Write(t.Context(), entry("", 1)); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]time.Duration{0, 1e9, 3e9, 7e9}, s.at); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}
	})
}

func TestWriterHandsBackWhatIsRefused(t *testing.T) {
	write(t, WriterConfig{MaxLogs: 1, MaxPending: 700}, func(t *testing.T, s *sink, w *Writer) {
		s.answer = func(_ context.Context, _ int, key string) error {
			if key == "bad" {
				return &soc.Error{Kind: soc.Invalid, Code: "PostBodyInvalid"}
			}
			return nil
		}
		for i := range 4 {
			if err := w.Write(t.Context(), entry("bad", i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Write(t.Context(), entry("good", 9)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for i := 4; ; i++ { // refused groups take their room until they are handed over
			if err := w.Write(t.Context(), entry("bad", i)); err != nil {
				if soc.KindOf(err) != soc.Invalid || i > 8 {
					t.Errorf("log %d: %v", i, err)
				}
				break
			}
			synctest.Wait()
		}
		err := w.Flush(t.Context())
		var left *UnwrittenError
		if !errors.As(err, &left) || len(left.Groups) < 4 || soc.KindOf(err) != soc.Invalid {
			t.Fatalf("flush: %v", err)
		}
		for i, g := range left.Groups {
			view, err := ParseGroup(g.Group)
			if err != nil || g.Logs != 1 || g.HashKey != "bad" || g.Err == nil || copyGroup(view).Logs[0].Fields[0][1] != fmt.Sprint(i) {
				t.Errorf("group %d: %+v, %v", i, g, err)
			}
		}
		if err := w.Close(t.Context()); err != nil || w.pending != 0 || len(s.got["good"]) != 1 {
			t.Errorf("close: %v, %d bytes pending, %v", err, w.pending, s.got)
		}
	})
}

func TestClosedWriterLosesNothing(t *testing.T) {
	write(t, WriterConfig{MaxLogs: 2}, func(t *testing.T, s *sink, w *Writer) {
		s.answer = func(ctx context.Context, call int, _ string) error {
			if call > 2 {
				<-ctx.Done() // the service hangs
				return &soc.Error{Kind: soc.Timeout, Err: ctx.Err()}
			}
			return nil
		}
		for i := range 11 {
			if err := w.Write(t.Context(), entry("", i)); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begin := time.Now()
		if err := w.Flush(ctx); soc.KindOf(err) != soc.Timeout {
			t.Errorf("flush: %v", err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		err := w.Close(ctx)
		var left *UnwrittenError
		if !errors.As(err, &left) || time.Since(begin) != 15*time.Second {
			t.Fatalf("close: %v after %v", err, time.Since(begin))
		}
		logs := len(s.got[""])
		for _, g := range left.Groups {
			logs += g.Logs
		}
		if logs != 11 || len(s.got[""]) != 4 {
			t.Errorf("%d logs written and %d in all, want 4 and 11", len(s.got[""]), logs)
		}
		if err := w.Write(t.Context(), entry("", 1)); soc.KindOf(err) != soc.Conflict {
			t.Errorf("write after close: %v", err)
		}
		if err := w.Close(t.Context()); err != nil {
			t.Errorf("close again: %v", err)
		}
	})
}
