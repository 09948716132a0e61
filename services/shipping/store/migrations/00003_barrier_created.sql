-- +goose Up
-- The doctor asks for the sagas with new entries. created_at does not change, so that an
-- entry's change is written to no index.
CREATE INDEX barrier_created ON barrier (created_at, saga);

-- +goose Down
DROP INDEX barrier_created;
