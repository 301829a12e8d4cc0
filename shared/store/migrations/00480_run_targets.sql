-- +goose Up
-- What the incident held for the playbook when the run was stored, as a JSON list.
ALTER TABLE runs ADD COLUMN targets TEXT NOT NULL DEFAULT '[]';

-- +goose Down
ALTER TABLE runs DROP COLUMN targets;
