-- +goose Up
-- What the order's saga says needs a person, and what one gave up on. The lists
-- are JSON, because nobody asks for their parts; needs_attention is what people
-- ask for, and few orders have it.
ALTER TABLE orders ADD COLUMN needs_attention boolean NOT NULL DEFAULT false;
ALTER TABLE orders ADD COLUMN attention text NOT NULL DEFAULT '[]'; -- JSON
ALTER TABLE orders ADD COLUMN waivers text NOT NULL DEFAULT '[]'; -- JSON
ALTER TABLE orders ADD COLUMN noted_at timestamp; -- as of which the two say so; NULL: never

-- The placement's decide-by, for those who look for orders that are late. JSON
-- is read differently by each database, so an order from before this migration is
-- due from its beginning: who lists it looks at its placement anyway.
ALTER TABLE orders ADD COLUMN decide_by timestamp; -- NULL: never
UPDATE orders SET decide_by = created_at;

CREATE INDEX orders_needs_attention ON orders (id) WHERE needs_attention;
CREATE INDEX orders_pending ON orders (id) WHERE status = 'PENDING';

-- +goose Down
DROP INDEX orders_pending;
DROP INDEX orders_needs_attention;
ALTER TABLE orders DROP COLUMN decide_by;
ALTER TABLE orders DROP COLUMN noted_at;
ALTER TABLE orders DROP COLUMN waivers;
ALTER TABLE orders DROP COLUMN attention;
ALTER TABLE orders DROP COLUMN needs_attention;
