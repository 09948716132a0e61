-- +goose Up
-- NULL: the rounds look at the customer's orders. An erasure is done when a day has passed and
-- every order of the customer is erased.
ALTER TABLE erasures ADD COLUMN done_at timestamp;
CREATE INDEX erasures_open ON erasures (customer_id) WHERE done_at IS NULL;

-- +goose Down
DROP INDEX erasures_open;
ALTER TABLE erasures DROP COLUMN done_at;
