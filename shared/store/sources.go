package store

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// DataSources returns every data source, by name, with the counters of its shards added up.
func (s *DB) DataSources(ctx context.Context) ([]soc.DataSource, error) {
	var out []soc.DataSource
	err := s.query(ctx, "list data sources", func(r *sql.Rows) error {
		var d soc.DataSource
		var stores string
		var read, log int64
		if err := r.Scan(&d.Name, &d.Template, &d.Account, &d.Region, &stores, &d.Health, &d.Detail, &d.Enabled,
			&read, &log, &d.Records, &d.Bytes); err != nil {
			return err
		}
		d.LastRead, d.LastLog = fromNanos(read), fromNanos(log)
		if err := json.Unmarshal([]byte(stores), &d.Stores); err != nil {
			return err
		}
		out = append(out, d)
		return nil
	}, `SELECT s.name, s.template, s.account, s.region, s.stores, s.health, s.detail, s.enabled,
		coalesce(max(h.last_read_at), 0), coalesce(max(h.last_log_at), 0), coalesce(sum(h.records), 0), coalesce(sum(h.bytes), 0)
		FROM sources s LEFT JOIN shards h ON h.source = s.name GROUP BY s.name ORDER BY s.name`)
	return out, err
}

// SaveDataSource writes a data source, new or not. Its counters are not written: they come from its shards.
func (s *DB) SaveDataSource(ctx context.Context, d soc.DataSource) error {
	return s.exec(ctx, "save data source", `INSERT INTO sources (name, template, account, region, stores, health, detail, enabled)
		VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (name) DO UPDATE SET stores = excluded.stores, health = excluded.health,
		detail = excluded.detail, enabled = excluded.enabled`,
		d.Name, d.Template, d.Account, d.Region, text(d.Stores), d.Health, d.Detail, d.Enabled)
}
