package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const approvalColumns = `id, run_id, playbook, asked_at, deadline, decision, decided_by, decided_at, token`

func scanApproval(scan func(...any) error) (soc.Approval, error) {
	var a soc.Approval
	var asked, deadline, decided int64
	err := scan(&a.ID, &a.RunID, &a.Playbook, &asked, &deadline, &a.Decision, &a.DecidedBy, &decided, &a.Token)
	a.AskedAt, a.Deadline, a.DecidedAt = fromNanos(asked), fromNanos(deadline), fromNanos(decided)
	return a, err
}

// SaveApproval writes a question, or replaces the token and deadline of one that is still open: a flow step that is
// retried waits on a new token.
func (s *DB) SaveApproval(ctx context.Context, a soc.Approval) error {
	return s.exec(ctx, "save approval", `INSERT INTO approvals (`+approvalColumns+`) VALUES (?,?,?,?,?,?,?,?,?)
		ON CONFLICT (id) DO UPDATE SET token = excluded.token, deadline = excluded.deadline WHERE approvals.decision = ''`,
		a.ID, a.RunID, a.Playbook, nanos(a.AskedAt), nanos(a.Deadline), a.Decision, a.DecidedBy, nanos(a.DecidedAt), a.Token)
}

// Approval returns one question.
func (s *DB) Approval(ctx context.Context, id string) (soc.Approval, error) {
	a, err := scanApproval(s.sql.QueryRowContext(ctx, `SELECT `+approvalColumns+` FROM approvals WHERE id = ?`, id).Scan)
	return a, rowOrNotFound("read approval", id, err)
}

// Approvals returns all questions, open ones first, then newest first.
func (s *DB) Approvals(ctx context.Context) ([]soc.Approval, error) {
	var out []soc.Approval
	err := s.query(ctx, "list approvals", func(r *sql.Rows) error {
		a, err := scanApproval(r.Scan)
		out = append(out, a)
		return err
	}, `SELECT `+approvalColumns+` FROM approvals ORDER BY decision <> '', asked_at DESC, id`)
	return out, err
}

// Decide writes a person's answer; Conflict when the question was answered before.
func (s *DB) Decide(ctx context.Context, id, decision, by string, now time.Time) error {
	r, err := s.sql.ExecContext(ctx, `UPDATE approvals SET decision = ?, decided_by = ?, decided_at = ? WHERE id = ? AND decision = ''`,
		decision, by, nanos(now), id)
	if err != nil {
		return unavailable("decide", err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 1 {
		return err
	}
	if _, err := s.Approval(ctx, id); err != nil {
		return err
	}
	return &soc.Error{Kind: soc.Conflict, Op: "decide", Resource: id, Err: errors.New("the question was answered before")}
}
