package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// AlertFilter chooses alerts. Its zero value chooses all.
type AlertFilter struct {
	Since      time.Time // event time at or after
	IncidentID string    // only those of this incident
	Unassigned bool      // only those of no incident
	Limit      int       // at most this many, newest last; 0 means 10,000
}

// Alerts returns alerts by event time, oldest first.
func (s *DB) Alerts(ctx context.Context, f AlertFilter) ([]soc.Alert, error) {
	if f.Limit <= 0 {
		f.Limit = 10_000
	}
	var out []soc.Alert
	err := s.query(ctx, "list alerts", func(r *sql.Rows) error {
		var body string
		var a soc.Alert
		if err := r.Scan(&body); err != nil {
			return err
		}
		err := json.Unmarshal([]byte(body), &a)
		out = append(out, a)
		return err
	}, `SELECT body FROM (SELECT body, event_time, id FROM alerts
		WHERE event_time >= ? AND (? = '' OR incident_id = ?) AND (? = 0 OR incident_id = '')
		ORDER BY event_time DESC, id DESC LIMIT ?) ORDER BY event_time, id`,
		nanos(f.Since), f.IncidentID, f.IncidentID, f.Unassigned, f.Limit)
	return out, err
}

// InsertAlerts writes alerts and returns those that were not there before: an alert is written once however often
// it is delivered.
func (s *DB) InsertAlerts(ctx context.Context, alerts []soc.Alert) (fresh []soc.Alert, err error) {
	err = s.tx(ctx, "insert alerts", func(t *sql.Tx) error {
		for _, a := range alerts {
			r, err := t.ExecContext(ctx, `INSERT INTO alerts (id, account, level, event_time, body) VALUES (?,?,?,?,?)
				ON CONFLICT (id) DO NOTHING`, a.ID, a.Account, int(a.Level), nanos(a.EventTime), text(a))
			if err != nil {
				return err
			}
			if n, err := r.RowsAffected(); err != nil {
				return err
			} else if n == 1 {
				fresh = append(fresh, a)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fresh, nil
}

// AlertDelays returns, for every alert, the time from the log's write in the member to the alert, oldest first.
func (s *DB) AlertDelays(ctx context.Context) ([]time.Duration, error) {
	alerts, err := s.Alerts(ctx, AlertFilter{})
	if err != nil {
		return nil, err
	}
	out := make([]time.Duration, 0, len(alerts))
	for _, a := range alerts {
		out = append(out, a.CreatedAt.Sub(a.WrittenAt))
	}
	return out, nil
}
