-- +goose Up
-- The shards that this one goes on for, as a JSON list of their numbers: it is read when they are read to their ends.
ALTER TABLE shards ADD COLUMN parents TEXT NOT NULL DEFAULT '[]';

-- +goose Down
ALTER TABLE shards DROP COLUMN parents;
