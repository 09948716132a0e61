-- +goose Up
-- Customers whose personal data is gone, or goes as soon as an order of theirs is decided.
CREATE TABLE erasures (
    customer_id text      NOT NULL PRIMARY KEY CHECK (customer_id <> ''),
    asked_at    timestamp NOT NULL,
    asked_by    text      NOT NULL, -- an operator; '': the customer
    reason      text      NOT NULL
);

-- Orders without an address. The engine's histories of each go after it.
CREATE TABLE erased_orders (
    order_id       text      NOT NULL PRIMARY KEY REFERENCES orders (id),
    erased_at      timestamp NOT NULL,
    asked_by       text      NOT NULL, -- as above; '' also with a row above
    reason         text      NOT NULL,
    histories_gone timestamp -- null: the engine may have some
);
CREATE INDEX erased_orders_histories ON erased_orders (order_id) WHERE histories_gone IS NULL;

-- +goose Down
DROP TABLE erased_orders;
DROP TABLE erasures;
