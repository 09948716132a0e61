-- +goose Up
-- '': made here; 'legacy': imported from another program, and not told.
ALTER TABLE accounts ADD COLUMN origin text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE accounts DROP COLUMN origin;
