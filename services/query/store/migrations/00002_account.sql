-- +goose Up
-- The account that placed an order. A guest may name any customer, an account too; the ids
-- of their orders are UUIDs of version 4, and those of accounts are not.
ALTER TABLE orders ADD COLUMN account text NOT NULL DEFAULT ''; -- '': a guest placed it
UPDATE orders SET account = customer_id WHERE length(id) = 36 AND substr(id, 15, 1) <> '4';
CREATE INDEX orders_account ON orders (generation, account, seq) WHERE account <> '';

-- +goose Down
DROP INDEX orders_account;
ALTER TABLE orders DROP COLUMN account;
