-- +goose Up
-- order_refunds: the refunds of confirmed orders, as their sagas have recorded them.
CREATE TABLE order_refunds (
    order_id  text      NOT NULL REFERENCES orders (id),
    id        text      NOT NULL,
    number    bigint    NOT NULL,
    amount    bigint    NOT NULL,
    currency  text      NOT NULL,
    take_back boolean   NOT NULL,
    status    text      NOT NULL,
    opened_at timestamp NOT NULL,
    noted_at  timestamp, -- NULL: never
    closed_at timestamp, -- NULL: it is PENDING
    PRIMARY KEY (order_id, id)
);
CREATE INDEX order_refunds_pending ON order_refunds (opened_at) WHERE status = 'PENDING';

ALTER TABLE orders ADD COLUMN refunded_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN repairs text NOT NULL DEFAULT '[]'; -- JSON; those of refunds

-- +goose Down
ALTER TABLE orders DROP COLUMN repairs;
ALTER TABLE orders DROP COLUMN refunded_minor;
DROP TABLE order_refunds;
