package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// IncidentFilter chooses incidents. Its zero value chooses all.
type IncidentFilter struct {
	Open  bool      // only those that are not closed
	Since time.Time // last seen at or after
	Limit int       // at most this many; 0 means 1,000
}

// Incidents returns incidents, the most severe first, then the most recent.
func (s *DB) Incidents(ctx context.Context, f IncidentFilter) ([]soc.Incident, error) {
	if f.Limit <= 0 {
		f.Limit = 1000
	}
	var out []soc.Incident
	err := s.query(ctx, "list incidents", func(r *sql.Rows) error {
		var body string
		if err := r.Scan(&body); err != nil {
			return err
		}
		var i soc.Incident
		err := json.Unmarshal([]byte(body), &i)
		out = append(out, i)
		return err
	}, `SELECT body FROM incidents WHERE (? = 0 OR state <> 'closed') AND last_seen >= ?
		ORDER BY level DESC, last_seen DESC, id LIMIT ?`, f.Open, nanos(f.Since), f.Limit)
	return out, err
}

// Incident returns one incident.
func (s *DB) Incident(ctx context.Context, id string) (soc.Incident, error) {
	var i soc.Incident
	var body string
	err := s.sql.QueryRowContext(ctx, `SELECT body FROM incidents WHERE id = ?`, id).Scan(&body)
	if err == nil {
		err = json.Unmarshal([]byte(body), &i)
	}
	return i, rowOrNotFound("read incident", id, err)
}

// SaveIncident writes an incident, new or not, and puts the named alerts into it, in one transaction.
func (s *DB) SaveIncident(ctx context.Context, i soc.Incident, attach []string) error {
	return s.tx(ctx, "save incident", func(t *sql.Tx) error {
		if _, err := t.ExecContext(ctx, `INSERT INTO incidents (id, state, level, updated_at, last_seen, body) VALUES (?,?,?,?,?,?)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, level = excluded.level, updated_at = excluded.updated_at,
			last_seen = excluded.last_seen, body = excluded.body`,
			i.ID, i.State, int(i.Level), nanos(i.UpdatedAt), nanos(i.LastSeen), text(i)); err != nil {
			return err
		}
		for _, id := range attach {
			if _, err := t.ExecContext(ctx, `UPDATE alerts SET incident_id = ? WHERE id = ?`, i.ID, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetIncidentState moves an incident to another state.
func (s *DB) SetIncidentState(ctx context.Context, id string, state soc.IncidentState, now time.Time) error {
	return s.tx(ctx, "set incident state", func(t *sql.Tx) error {
		var body string
		if err := rowOrNotFound("set incident state", id, t.QueryRowContext(ctx, `SELECT body FROM incidents WHERE id = ?`, id).Scan(&body)); err != nil {
			return err
		}
		var i soc.Incident
		if err := json.Unmarshal([]byte(body), &i); err != nil {
			return err
		}
		i.State, i.UpdatedAt = state, now
		_, err := t.ExecContext(ctx, `UPDATE incidents SET state = ?, updated_at = ?, body = ? WHERE id = ?`, state, nanos(now), text(i), id)
		return err
	})
}

// Timeline returns what happened in an incident, by time; what happened at the same time stands in the order in which it was added.
func (s *DB) Timeline(ctx context.Context, incidentID string) ([]soc.TimelineEntry, error) {
	var out []soc.TimelineEntry
	err := s.query(ctx, "read timeline", func(r *sql.Rows) error {
		var body string
		if err := r.Scan(&body); err != nil {
			return err
		}
		var e soc.TimelineEntry
		err := json.Unmarshal([]byte(body), &e)
		out = append(out, e)
		return err
	}, `SELECT body FROM timeline WHERE incident_id = ? ORDER BY at, rowid`, incidentID)
	return out, err
}

// AddTimeline writes one entry. An entry with the same key is there only once, so that a repeated step adds nothing.
func (s *DB) AddTimeline(ctx context.Context, incidentID, key string, e soc.TimelineEntry) error {
	return s.exec(ctx, "add to timeline", `INSERT INTO timeline (incident_id, key, at, body) VALUES (?,?,?,?) ON CONFLICT DO NOTHING`,
		incidentID, key, nanos(e.At), text(e))
}
