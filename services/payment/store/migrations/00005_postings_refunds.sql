-- +goose Up
-- The postings of one order are read for its page; those of other kinds have the index postings_once.
CREATE INDEX postings_refunds ON postings (payment_id) WHERE kind = 'refund';

-- +goose Down
DROP INDEX postings_refunds;
