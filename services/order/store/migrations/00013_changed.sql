-- +goose Up
-- The doctor asks for the orders that have changed; orders_pending, orders_needs_attention
-- and order_refunds_pending have those that it looks at whenever they changed.
CREATE INDEX orders_updated ON orders (updated_at, id);
CREATE INDEX orders_noted ON orders (noted_at, id) WHERE noted_at IS NOT NULL;
CREATE INDEX order_refunds_closed ON order_refunds (closed_at, order_id) WHERE closed_at IS NOT NULL;

-- +goose Down
DROP INDEX order_refunds_closed;
DROP INDEX orders_noted;
DROP INDEX orders_updated;
