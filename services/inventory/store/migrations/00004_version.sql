-- +goose Up
-- The version of the available stock, which the facts about it carry: it grows with
-- every change of available.
ALTER TABLE stock ADD COLUMN version bigint NOT NULL DEFAULT 1;

-- +goose Down
ALTER TABLE stock DROP COLUMN version;
