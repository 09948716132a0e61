-- +goose Up
-- Why an order was first decided against, from before anything of it is undone.
-- An order that was cancelled before this migration has it in reason only, which
-- whoever asks looks at first.
ALTER TABLE orders ADD COLUMN decided text NOT NULL DEFAULT ''; -- the reason; '': it was not
ALTER TABLE orders ADD COLUMN decided_at timestamp; -- NULL: it was not

-- +goose Down
ALTER TABLE orders DROP COLUMN decided_at;
ALTER TABLE orders DROP COLUMN decided;
