-- +goose Up
-- Times are Unix nanoseconds, 0 for none. Columns named body hold JSON of a type of package soc.

CREATE TABLE accounts (
  uid        TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  state      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  next       TEXT NOT NULL,
  response   INTEGER NOT NULL,
  joined_at  INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  roles      TEXT NOT NULL
);

CREATE TABLE scope_runs (
  id         TEXT PRIMARY KEY,
  operation  TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  accounts   TEXT NOT NULL
);

CREATE TABLE policies (
  template   TEXT NOT NULL,
  account    TEXT NOT NULL,
  enabled    INTEGER NOT NULL,
  auto_add   INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (template, account)
);

CREATE TABLE policy_snapshots (
  id         TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  policies   TEXT NOT NULL
);

CREATE TABLE sources (
  name     TEXT PRIMARY KEY,
  template TEXT NOT NULL,
  account  TEXT NOT NULL,
  region   TEXT NOT NULL,
  stores   TEXT NOT NULL,
  health   TEXT NOT NULL,
  detail   TEXT NOT NULL,
  enabled  INTEGER NOT NULL
);

-- One row for each shard of a member's Logstore. cursor is NULL until the first range is committed. token is the
-- fencing token: it grows with every claim, and a commit with an older one is refused.
CREATE TABLE shards (
  project      TEXT NOT NULL,
  logstore     TEXT NOT NULL,
  shard        INTEGER NOT NULL,
  source       TEXT NOT NULL,
  account      TEXT NOT NULL,
  region       TEXT NOT NULL,
  template     TEXT NOT NULL,
  cursor       INTEGER,
  owner        TEXT NOT NULL DEFAULT '',
  token        INTEGER NOT NULL DEFAULT 0,
  lease_until  INTEGER NOT NULL DEFAULT 0,
  retry_at     INTEGER NOT NULL DEFAULT 0,
  error        TEXT NOT NULL DEFAULT '',
  finished     INTEGER NOT NULL DEFAULT 0,
  last_read_at INTEGER NOT NULL DEFAULT 0,
  last_log_at  INTEGER NOT NULL DEFAULT 0,
  records      INTEGER NOT NULL DEFAULT 0,
  bytes        INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (project, logstore, shard)
);
CREATE INDEX shards_by_source ON shards (source);

-- The delivery ledger: an unbroken chain of half-open cursor ranges for each shard.
CREATE TABLE ledger (
  project     TEXT NOT NULL,
  logstore    TEXT NOT NULL,
  shard       INTEGER NOT NULL,
  from_cursor INTEGER NOT NULL,
  to_cursor   INTEGER NOT NULL,
  groups      INTEGER NOT NULL,
  records     INTEGER NOT NULL,
  bytes       INTEGER NOT NULL,
  read_at     INTEGER NOT NULL,
  PRIMARY KEY (project, logstore, shard, from_cursor)
);

CREATE TABLE parked (
  project  TEXT NOT NULL,
  logstore TEXT NOT NULL,
  shard    INTEGER NOT NULL,
  cursor   INTEGER NOT NULL,
  idx      INTEGER NOT NULL,
  account  TEXT NOT NULL,
  error    TEXT NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (project, logstore, shard, cursor, idx)
);

CREATE TABLE alerts (
  id          TEXT PRIMARY KEY,
  incident_id TEXT NOT NULL DEFAULT '',
  account     TEXT NOT NULL,
  level       INTEGER NOT NULL,
  event_time  INTEGER NOT NULL,
  body        TEXT NOT NULL
);
CREATE INDEX alerts_by_incident ON alerts (incident_id, event_time);
CREATE INDEX alerts_by_time ON alerts (event_time);

CREATE TABLE incidents (
  id         TEXT PRIMARY KEY,
  state      TEXT NOT NULL,
  level      INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  last_seen  INTEGER NOT NULL,
  body       TEXT NOT NULL
);

CREATE TABLE timeline (
  incident_id TEXT NOT NULL,
  key         TEXT NOT NULL,
  at          INTEGER NOT NULL,
  body        TEXT NOT NULL,
  PRIMARY KEY (incident_id, key)
);

CREATE TABLE runs (
  id          TEXT PRIMARY KEY,
  playbook    TEXT NOT NULL,
  incident_id TEXT NOT NULL,
  state       TEXT NOT NULL,
  started_by  TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
);
CREATE INDEX runs_by_incident ON runs (incident_id);

CREATE TABLE tasks (
  id     TEXT PRIMARY KEY,
  run_id TEXT NOT NULL,
  seq    INTEGER NOT NULL,
  state  TEXT NOT NULL,
  body   TEXT NOT NULL
);
CREATE INDEX tasks_by_run ON tasks (run_id, seq);

CREATE TABLE approvals (
  id         TEXT PRIMARY KEY,
  run_id     TEXT NOT NULL,
  playbook   TEXT NOT NULL,
  asked_at   INTEGER NOT NULL,
  deadline   INTEGER NOT NULL,
  decision   TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  decided_at INTEGER NOT NULL,
  token      TEXT NOT NULL
);

CREATE TABLE audit (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  action  TEXT NOT NULL,
  account TEXT NOT NULL,
  detail  TEXT NOT NULL
);

CREATE TABLE locks (
  name  TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  until INTEGER NOT NULL
);

-- +goose Down
DROP TABLE locks;
DROP TABLE audit;
DROP TABLE approvals;
DROP TABLE tasks;
DROP TABLE runs;
DROP TABLE timeline;
DROP TABLE incidents;
DROP TABLE alerts;
DROP TABLE parked;
DROP TABLE ledger;
DROP TABLE shards;
DROP TABLE sources;
DROP TABLE policy_snapshots;
DROP TABLE policies;
DROP TABLE scope_runs;
DROP TABLE accounts;
