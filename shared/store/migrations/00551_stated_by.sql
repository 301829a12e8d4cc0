-- +goose Up
-- Who asked for a run, as its input says.
ALTER TABLE scope_runs ADD COLUMN stated_by TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE scope_runs DROP COLUMN stated_by;
