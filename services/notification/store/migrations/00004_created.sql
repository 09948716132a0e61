-- +goose Up
-- The doctor asks for the orders that have new messages.
CREATE INDEX deliveries_created ON deliveries (created_at, subject);

-- +goose Down
DROP INDEX deliveries_created;
