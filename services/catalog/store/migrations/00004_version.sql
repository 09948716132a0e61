-- +goose Up
-- The version of a product, which its facts carry: it grows with every change of the row.
ALTER TABLE products ADD COLUMN version bigint NOT NULL DEFAULT 1;

-- +goose Down
ALTER TABLE products DROP COLUMN version;
