package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// WithLock runs f while no other process runs under the same name. A lock whose holder died is free after ttl; f must
// end before that. Waiting for the lock ends with ctx, with kind Timeout.
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
	held, cancel := context.WithTimeout(ctx, ttl)
	defer cancel()
	err := f(held)
	unlock := s.exec(context.WithoutCancel(ctx), "unlock", `DELETE FROM locks WHERE name = ? AND owner = ?`, name, owner)
	return errors.Join(err, unlock)
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
