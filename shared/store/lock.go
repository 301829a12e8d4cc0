package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// WithLock runs f while no other process runs under the same name. The lock is renewed while f runs, and is free ttl
// after its holder died. The context of f ends at the latest when the lock has not been renewed for ttl, as when the store cannot
// be reached, so that nobody else holds it before. Waiting for the lock ends with ctx, with kind Timeout.
func (s *DB) WithLock(ctx context.Context, name string, ttl time.Duration, f func(context.Context) error) error {
	owner := uuid.NewString()
	until, err := s.waitLock(ctx, name, owner, ttl)
	if err != nil {
		return err
	}
	held, cancel := context.WithCancel(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		defer cancel()
		s.keepLock(held, cancel, name, owner, ttl, until)
	}()
	err = f(held)
	cancel()
	<-kept
	unlock := s.exec(context.WithoutCancel(ctx), "unlock", `DELETE FROM locks WHERE name = ? AND owner = ?`, name, owner)
	return errors.Join(err, unlock)
}

// waitLock waits until the lock is owner's and returns until when.
func (s *DB) waitLock(ctx context.Context, name, owner string, ttl time.Duration) (until time.Time, err error) {
	for {
		until, ok, err := s.tryLock(ctx, name, owner, ttl)
		if err != nil || ok && time.Until(until) > ttl/2 {
			return until, err
		}
		if ok { // the store kept the statement waiting for so long that little of the lock is left
			continue
		}
		select {
		case <-ctx.Done():
			return until, &soc.Error{Kind: soc.Timeout, Op: "wait for lock", Resource: name, Err: errors.New("another run holds it")}
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// keepLock renews a lock until ctx ends or the lock is lost. Lost is called when the time is over that was written last, also
// while a renewal waits for the store.
func (s *DB) keepLock(ctx context.Context, lost func(), name, owner string, ttl time.Duration, until time.Time) {
	every := time.NewTicker(ttl / 3)
	defer every.Stop()
	over := time.AfterFunc(time.Until(until), lost)
	defer over.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		next := time.Now().Add(ttl)
		r, err := s.sql.ExecContext(ctx, `UPDATE locks SET until = ? WHERE name = ? AND owner = ?`, nanos(next), name, owner)
		if err != nil {
			continue // over ends it when this does not pass
		}
		if n, err := r.RowsAffected(); err == nil && n == 0 || !over.Stop() {
			return
		}
		over.Reset(time.Until(next))
	}
}

// tryLock takes the lock when it is free, or owner's already.
func (s *DB) tryLock(ctx context.Context, name, owner string, ttl time.Duration) (until time.Time, ok bool, err error) {
	now := time.Now()
	until = now.Add(ttl)
	r, err := s.sql.ExecContext(ctx, `INSERT INTO locks (name, owner, until) VALUES (?,?,?)
		ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until WHERE locks.until <= ? OR locks.owner = excluded.owner`,
		name, owner, nanos(until), nanos(now))
	if err != nil {
		return until, false, unavailable("lock", err)
	}
	n, err := r.RowsAffected()
	return until, n == 1, err
}
