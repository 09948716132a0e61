-- +goose Up
-- A generation is a whole read model. There is at most one in each state: one that is
-- loaded, one that answers, and the one that answered before.
CREATE TABLE generations (
    generation  bigint    NOT NULL PRIMARY KEY CHECK (generation > 0),
    state       text      NOT NULL UNIQUE CHECK (state IN ('loading', 'current', 'old')),
    began_at    timestamp NOT NULL,
    switched_at timestamp,
    CHECK ((state = 'loading') = (switched_at IS NULL))
);

-- How far each projection has come.
CREATE TABLE progress (
    generation bigint    NOT NULL,
    name       text      NOT NULL,
    events     bigint    NOT NULL,
    newest     timestamp NOT NULL, -- of the events
    PRIMARY KEY (generation, name)
);

-- How far all projections were when the broker was asked last.
CREATE TABLE standing (
    one    bigint    NOT NULL PRIMARY KEY CHECK (one = 1),
    as_of  timestamp,         -- everything that the broker had then is applied; NULL: never yet
    behind bigint    NOT NULL -- events; -1: the broker does not tell
);
INSERT INTO standing (one, behind) VALUES (1, -1);

-- seq grows with the time of the placement, and is derived from it: see seq.go.
CREATE TABLE orders (
    generation  bigint    NOT NULL,
    id          text      NOT NULL,
    seq         bigint    NOT NULL,
    customer_id text      NOT NULL,
    status      text      NOT NULL,
    reason      text      NOT NULL,
    style       text      NOT NULL,
    attention   boolean   NOT NULL,
    version     bigint    NOT NULL,
    view        text      NOT NULL, -- JSON
    words       text      NOT NULL, -- those of the search, a space before each
    PRIMARY KEY (generation, id),
    UNIQUE (generation, seq)
);
CREATE INDEX orders_customer ON orders (generation, customer_id, seq);
CREATE INDEX orders_status ON orders (generation, status, seq);
CREATE INDEX orders_reason ON orders (generation, reason, seq) WHERE reason <> '';
CREATE INDEX orders_attention ON orders (generation, seq) WHERE attention;

CREATE TABLE order_lines (
    generation bigint NOT NULL,
    sku        text   NOT NULL,
    seq        bigint NOT NULL, -- of the order
    PRIMARY KEY (generation, sku, seq)
);

-- One row for each fact about an order. A fact may come before the order's own.
CREATE TABLE timeline (
    generation bigint    NOT NULL,
    order_id   text      NOT NULL,
    number     bigint    NOT NULL CHECK (number > 0), -- from 1, as the facts came
    fact       text      NOT NULL,
    step       text      NOT NULL,
    round      bigint    NOT NULL, -- counts deliberate repeats of the step
    data       text      NOT NULL, -- JSON: the step
    at         timestamp NOT NULL,
    ends       boolean   NOT NULL,
    PRIMARY KEY (generation, order_id, number),
    UNIQUE (generation, order_id, fact, step, round)
);

-- Products that were ever told of, also those that cannot be ordered.
CREATE TABLE products (
    generation     bigint  NOT NULL,
    sku            text    NOT NULL,
    seq            bigint  NOT NULL, -- its number in the search
    version        bigint  NOT NULL,
    name           text    NOT NULL,
    description    text    NOT NULL,
    category       text    NOT NULL,
    price_minor    bigint  NOT NULL,
    price_currency text    NOT NULL, -- '': it has no price
    listed         boolean NOT NULL, -- it can be ordered
    available      bigint  NOT NULL, -- the sum of its stock
    PRIMARY KEY (generation, sku),
    UNIQUE (generation, seq)
);
CREATE INDEX products_category ON products (generation, category) WHERE listed;
CREATE INDEX products_price ON products (generation, price_minor, sku) WHERE listed;
CREATE INDEX products_name ON products (generation, name, sku) WHERE listed;

CREATE TABLE stock (
    generation bigint NOT NULL,
    sku        text   NOT NULL,
    warehouse  text   NOT NULL,
    available  bigint NOT NULL,
    version    bigint NOT NULL,
    PRIMARY KEY (generation, sku, warehouse)
);

-- +goose Down
DROP TABLE stock;
DROP TABLE products;
DROP TABLE timeline;
DROP TABLE order_lines;
DROP TABLE orders;
DROP TABLE standing;
DROP TABLE progress;
DROP TABLE generations;
