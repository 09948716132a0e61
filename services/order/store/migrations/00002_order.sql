-- +goose Up
-- The lists of statuses and reasons are in the code, not in a CHECK: they grow,
-- and SQLite cannot change a CHECK without building the table anew.
CREATE TABLE orders (
    id             text      NOT NULL PRIMARY KEY CHECK (id <> ''),
    customer_id    text      NOT NULL CHECK (customer_id <> ''),
    status         text      NOT NULL CHECK (status <> ''),
    reason         text      NOT NULL, -- '' unless cancelled
    total_minor    bigint,
    total_currency text,
    placement      text      NOT NULL, -- JSON: everything the customer asked for, as it arrived
    view           text,               -- JSON: the saga's final view
    changes        bigint    NOT NULL CHECK (changes >= 0), -- rows of order_history
    created_at     timestamp NOT NULL,
    updated_at     timestamp NOT NULL,
    UNIQUE (customer_id, id),
    CHECK ((status = 'CANCELLED') = (reason <> '')),
    CHECK ((total_minor IS NULL) = (total_currency IS NULL)),
    CHECK (status <> 'CONFIRMED' OR total_minor IS NOT NULL),
    CHECK ((status = 'PENDING') = (changes = 0))
);

-- The placement's lines again, for those who ask by SKU.
CREATE TABLE order_lines (
    order_id text   NOT NULL REFERENCES orders (id),
    position bigint NOT NULL CHECK (position > 0), -- from 1, as the customer gave them
    sku      text   NOT NULL CHECK (sku <> ''),
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, position),
    UNIQUE (order_id, sku)
);

-- Every change of an order's status.
CREATE TABLE order_history (
    order_id    text      NOT NULL REFERENCES orders (id),
    position    bigint    NOT NULL CHECK (position > 0), -- from 1, without gaps
    from_status text      NOT NULL,
    to_status   text      NOT NULL,
    reason      text      NOT NULL,
    at          timestamp NOT NULL,
    PRIMARY KEY (order_id, position),
    CHECK (from_status <> to_status),
    CHECK ((to_status = 'CANCELLED') = (reason <> ''))
);

-- +goose Down
DROP TABLE order_history;
DROP TABLE order_lines;
DROP TABLE orders;
