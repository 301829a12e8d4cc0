-- +goose Up
-- Passes for the windows of members. What opens a window is a signature that is not kept; a row lets it be revoked.
CREATE TABLE passes (
  id         TEXT PRIMARY KEY,
  account    TEXT NOT NULL,
  given_for  TEXT NOT NULL,
  given_at   INTEGER NOT NULL,
  given_by   TEXT NOT NULL,
  ends_at    INTEGER NOT NULL,
  revoked_at INTEGER NOT NULL,
  revoked_by TEXT NOT NULL
);
CREATE INDEX passes_by_account ON passes (account, given_at);

-- +goose Down
DROP TABLE passes;
