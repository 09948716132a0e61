-- +goose Up
-- The version of an order, which its facts carry: it grows with every change of the row.
ALTER TABLE orders ADD COLUMN version bigint NOT NULL DEFAULT 1;

-- +goose Down
ALTER TABLE orders DROP COLUMN version;
