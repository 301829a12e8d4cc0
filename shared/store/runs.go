package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const runColumns = `id, playbook, incident_id, state, started_by, created_at, updated_at, targets`

func scanRun(scan func(...any) error) (soc.Run, error) {
	var r soc.Run
	var created, updated int64
	var targets string
	err := scan(&r.ID, &r.Playbook, &r.IncidentID, &r.State, &r.StartedBy, &created, &updated, &targets)
	if err == nil && targets != "[]" {
		err = json.Unmarshal([]byte(targets), &r.Targets)
	}
	r.CreatedAt, r.UpdatedAt = fromNanos(created), fromNanos(updated)
	return r, err
}

// SaveRun writes a run if its id is new, and tells whether it was. Its tasks are written by [DB.SaveTasks].
func (s *DB) SaveRun(ctx context.Context, r soc.Run) (created bool, err error) {
	res, err := s.sql.ExecContext(ctx, `INSERT INTO runs (`+runColumns+`) VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING`,
		r.ID, r.Playbook, r.IncidentID, r.State, r.StartedBy, nanos(r.CreatedAt), nanos(r.UpdatedAt), text(append([]string{}, r.Targets...)))
	if err != nil {
		return false, unavailable("save run", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// Run returns a run with its tasks in the order in which they were planned.
func (s *DB) Run(ctx context.Context, id string) (soc.Run, error) {
	r, err := scanRun(s.sql.QueryRowContext(ctx, `SELECT `+runColumns+` FROM runs WHERE id = ?`, id).Scan)
	if err := rowOrNotFound("read run", id, err); err != nil {
		return r, err
	}
	r.Tasks, err = s.tasks(ctx, id)
	return r, err
}

func (s *DB) tasks(ctx context.Context, runID string) ([]soc.Task, error) {
	var out []soc.Task
	err := s.query(ctx, "list tasks", func(r *sql.Rows) error {
		var body string
		if err := r.Scan(&body); err != nil {
			return err
		}
		var t soc.Task
		err := json.Unmarshal([]byte(body), &t)
		out = append(out, t)
		return err
	}, `SELECT body FROM tasks WHERE run_id = ? ORDER BY seq`, runID)
	return out, err
}

// Runs returns all runs with their tasks, newest first.
func (s *DB) Runs(ctx context.Context) ([]soc.Run, error) { return s.runs(ctx, "") }

// RunsOf returns the runs of an incident with their tasks, newest first.
func (s *DB) RunsOf(ctx context.Context, incidentID string) ([]soc.Run, error) {
	return s.runs(ctx, incidentID)
}

func (s *DB) runs(ctx context.Context, incidentID string) ([]soc.Run, error) {
	var out []soc.Run
	err := s.query(ctx, "list runs", func(r *sql.Rows) error {
		run, err := scanRun(r.Scan)
		out = append(out, run)
		return err
	}, `SELECT `+runColumns+` FROM runs WHERE ? = '' OR incident_id = ? ORDER BY created_at DESC, id`, incidentID, incidentID)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if out[i].Tasks, err = s.tasks(ctx, out[i].ID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// SetRunState moves a run to another state.
func (s *DB) SetRunState(ctx context.Context, id string, state soc.RunState, now time.Time) error {
	return s.exec(ctx, "set run state", `UPDATE runs SET state = ?, updated_at = ? WHERE id = ?`, state, nanos(now), id)
}

// EndRun moves a run to another state and appends entries to the audit trail, together. A run that has the state
// already is left alone and gets no entries; NotFound when there is no such run.
func (s *DB) EndRun(ctx context.Context, id string, state soc.RunState, now time.Time, entries ...AuditEntry) error {
	return s.tx(ctx, "end run", func(t *sql.Tx) error {
		var was soc.RunState
		if err := rowOrNotFound("end run", id, t.QueryRowContext(ctx, `SELECT state FROM runs WHERE id = ?`, id).Scan(&was)); err != nil || was == state {
			return err
		}
		if _, err := t.ExecContext(ctx, `UPDATE runs SET state = ?, updated_at = ? WHERE id = ?`, state, nanos(now), id); err != nil {
			return err
		}
		return appendAudit(ctx, t, entries...)
	})
}

// SaveTasks writes the tasks of a plan. Those that are there already stay as they are: planning twice plans once.
func (s *DB) SaveTasks(ctx context.Context, tasks []soc.Task) error {
	return s.tx(ctx, "save tasks", func(t *sql.Tx) error {
		for i, k := range tasks {
			if _, err := t.ExecContext(ctx, `INSERT INTO tasks (id, run_id, seq, state, body) VALUES (?,?,?,?,?) ON CONFLICT (id) DO NOTHING`,
				k.ID, k.RunID, i, k.State, text(k)); err != nil {
				return err
			}
		}
		return nil
	})
}

// SaveTask writes what became of a task; NotFound when it was never planned.
func (s *DB) SaveTask(ctx context.Context, k soc.Task) error {
	return s.saveTask(ctx, k)
}

// FinishTask is [DB.SaveTask] with an entry of the audit trail about what was done: both are written, or neither.
func (s *DB) FinishTask(ctx context.Context, k soc.Task, e AuditEntry) error {
	return s.saveTask(ctx, k, e)
}

func (s *DB) saveTask(ctx context.Context, k soc.Task, entries ...AuditEntry) error {
	return s.tx(ctx, "save task", func(t *sql.Tx) error {
		r, err := t.ExecContext(ctx, `UPDATE tasks SET state = ?, body = ? WHERE id = ?`, k.State, text(k), k.ID)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return notFound("save task", k.ID)
		}
		return appendAudit(ctx, t, entries...)
	})
}
