package store_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLockIsRenewed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	a, b := openAt(t, path), openAt(t, path)
	const ttl = 60 * time.Millisecond
	var order []string
	inside := make(chan struct{})
	done := make(chan error, 1)
	err := a.WithLock(t.Context(), "slow", ttl, func(ctx context.Context) error {
		go func() {
			close(inside)
			done <- b.WithLock(t.Context(), "slow", ttl, func(context.Context) error {
				order = append(order, "second")
				return nil
			})
		}()
		<-inside
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(4 * ttl): // longer than the lock lasts when nobody renews it
		}
		order = append(order, "first")
		return nil
	})
	must(t, err)
	must(t, <-done)
	if d := cmp.Diff([]string{"first", "second"}, order); d != "" {
		t.Errorf("a lock that is held was given away (-want +got):\n%s", d)
	}
}
