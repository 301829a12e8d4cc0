package store_test

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// lockTest runs f with two processes' stores on one database, in a bubble whose clock moves when everybody waits: how busy the
// machine is changes nothing.
func lockTest(t *testing.T, f func(t *testing.T, a, b *store.DB)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	synctest.Test(t, func(t *testing.T) {
		open := func() *store.DB {
			s, err := store.Open(t.Context(), "sqlite:"+path)
			must(t, err)
			return s
		}
		a, b := open(), open()
		defer a.Close()
		defer b.Close()
		f(t, a, b)
	})
}

func TestLockIsRenewed(t *testing.T) {
	t.Parallel()
	lockTest(t, func(t *testing.T, a, b *store.DB) {
		const ttl = 300 * time.Millisecond
		var order []string
		done := make(chan error, 1)
		err := a.WithLock(t.Context(), "slow", ttl, func(ctx context.Context) error {
			go func() {
				done <- b.WithLock(t.Context(), "slow", ttl, func(context.Context) error {
					order = append(order, "second")
					return nil
				})
			}()
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(4*ttl + ttl/2): // longer than the lock lasts when nobody renews it
			}
			order = append(order, "first")
			return nil
		})
		must(t, err)
		must(t, <-done)
		if d := cmp.Diff([]string{"first", "second"}, order); d != "" {
			t.Errorf("a lock that is held was given away (-want +got):\n%s", d)
		}
	})
}

// TestLostLockEndsTheWork closes the holder's store, as when the database cannot be reached any more.
func TestLostLockEndsTheWork(t *testing.T) {
	t.Parallel()
	lockTest(t, func(t *testing.T, a, b *store.DB) {
		const ttl = 300 * time.Millisecond
		var ended time.Duration
		began := time.Now()
		_ = a.WithLock(t.Context(), "slow", ttl, func(ctx context.Context) error { // it cannot be given back either
			must(t, a.Close())
			<-ctx.Done()
			ended = time.Since(began)
			return nil
		})
		if ended != ttl {
			t.Errorf("the work was told after %v, want %v", ended, ttl)
		}
		must(t, b.WithLock(t.Context(), "slow", ttl, func(context.Context) error { return nil }))
		if after := time.Since(began); after < ttl || after > 2*ttl {
			t.Errorf("the lock was free after %v", after)
		}
	})
}
