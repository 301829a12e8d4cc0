package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// WithLock runs f while no other process runs under the same name. The lock is renewed while f runs, and is free ttl
// after its holder died. The context of f ends when the lock was lost all the same, because the store could not be
// reached for that long. Waiting for the lock ends with ctx, with kind Timeout.
func (s *DB) WithLock(ctx context.Context, name string, ttl time.Duration, f func(context.Context) error) error {
	owner := uuid.NewString()
	for {
		ok, err := s.tryLock(ctx, name, owner, ttl)
		if err != nil {
			return err
		}
		if ok {
			break
		}
		select {
		case <-ctx.Done():
			return &soc.Error{Kind: soc.Timeout, Op: "wait for lock", Resource: name, Err: errors.New("another run holds it")}
		case <-time.After(20 * time.Millisecond):
		}
	}
	held, cancel := context.WithCancel(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		defer cancel()
		s.keepLock(held, name, owner, ttl)
	}()
	err := f(held)
	cancel()
	<-kept
	unlock := s.exec(context.WithoutCancel(ctx), "unlock", `DELETE FROM locks WHERE name = ? AND owner = ?`, name, owner)
	return errors.Join(err, unlock)
}

// keepLock renews a lock until ctx ends or the lock is lost.
func (s *DB) keepLock(ctx context.Context, name, owner string, ttl time.Duration) {
	every := time.NewTicker(ttl / 3)
	defer every.Stop()
	for until := time.Now().Add(ttl); ; {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		next := time.Now().Add(ttl)
		r, err := s.sql.ExecContext(ctx, `UPDATE locks SET until = ? WHERE name = ? AND owner = ?`, nanos(next), name, owner)
		if err == nil {
			if n, err := r.RowsAffected(); err == nil && n == 0 {
				return
			}
			until = next
		} else if time.Now().After(until) {
			return
		}
	}
}

func (s *DB) tryLock(ctx context.Context, name, owner string, ttl time.Duration) (bool, error) {
	now := time.Now()
	r, err := s.sql.ExecContext(ctx, `INSERT INTO locks (name, owner, until) VALUES (?,?,?)
		ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until WHERE locks.until <= ?`,
		name, owner, nanos(now.Add(ttl)), nanos(now))
	if err != nil {
		return false, unavailable("lock", err)
	}
	n, err := r.RowsAffected()
	return n == 1, err
}
