-- +goose Up
CREATE TABLE warehouses (
    code       text      NOT NULL PRIMARY KEY CHECK (code <> ''),
    created_at timestamp NOT NULL
);

-- Every unit that ever arrived is in exactly one of three places.
CREATE TABLE stock (
    sku       text   NOT NULL CHECK (sku <> ''),
    warehouse text   NOT NULL REFERENCES warehouses (code),
    available bigint NOT NULL CHECK (available >= 0),
    reserved  bigint NOT NULL CHECK (reserved >= 0),
    committed bigint NOT NULL CHECK (committed >= 0),
    received  bigint NOT NULL,
    PRIMARY KEY (sku, warehouse),
    CHECK (available + reserved + committed = received)
);

-- Named by the key of the step that made it.
CREATE TABLE reservations (
    saga       text      NOT NULL,
    step       text      NOT NULL,
    generation bigint    NOT NULL,
    state      text      NOT NULL CHECK (state IN ('held', 'released', 'committed')),
    created_at timestamp NOT NULL,
    updated_at timestamp NOT NULL,
    PRIMARY KEY (saga, step, generation)
);

CREATE TABLE reservation_lines (
    saga       text   NOT NULL,
    step       text   NOT NULL,
    generation bigint NOT NULL,
    sku        text   NOT NULL,
    warehouse  text   NOT NULL,
    quantity   bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (saga, step, generation, sku, warehouse),
    FOREIGN KEY (saga, step, generation) REFERENCES reservations (saga, step, generation),
    FOREIGN KEY (sku, warehouse) REFERENCES stock (sku, warehouse)
);

-- +goose Down
DROP TABLE reservation_lines;
DROP TABLE reservations;
DROP TABLE stock;
DROP TABLE warehouses;
