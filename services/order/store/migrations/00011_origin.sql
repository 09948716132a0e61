-- +goose Up
-- '': placed here; 'legacy': imported from another program, and nothing is told of it.
ALTER TABLE orders ADD COLUMN origin text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE orders DROP COLUMN origin;
