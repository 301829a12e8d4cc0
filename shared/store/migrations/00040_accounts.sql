-- +goose Up
-- The audit trail is a chain: hash covers the entry and the hash before it. Rows are only ever added.
ALTER TABLE audit ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN before TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN after TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN hash TEXT NOT NULL DEFAULT '';
CREATE INDEX audit_by_account ON audit (account, seq);

-- +goose StatementBegin
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
-- +goose StatementEnd

-- Scope documents as they were applied; the newest one is in force.
CREATE TABLE scope_documents (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  applied_at INTEGER NOT NULL,
  applied_by TEXT NOT NULL,
  body       TEXT NOT NULL
);

-- What was handed out when an account left: JSON of org.Receipt.
CREATE TABLE receipts (
  account TEXT NOT NULL,
  left_at INTEGER NOT NULL,
  open    INTEGER NOT NULL,
  body    TEXT NOT NULL,
  PRIMARY KEY (account, left_at)
);

-- When the roles of an account were last read back.
CREATE TABLE role_checks (
  account    TEXT PRIMARY KEY,
  checked_at INTEGER NOT NULL
);

-- +goose Down
DROP TABLE role_checks;
DROP TABLE receipts;
DROP TABLE scope_documents;
DROP TRIGGER audit_is_not_deleted;
DROP TRIGGER audit_is_not_changed;
DROP INDEX audit_by_account;
ALTER TABLE audit DROP COLUMN hash;
ALTER TABLE audit DROP COLUMN after;
ALTER TABLE audit DROP COLUMN before;
ALTER TABLE audit DROP COLUMN origin;
