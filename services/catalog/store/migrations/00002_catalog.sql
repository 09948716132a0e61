-- +goose Up
CREATE TABLE categories (
    name       text      NOT NULL PRIMARY KEY,
    created_at timestamp NOT NULL
);

-- A product without a price cannot be quoted; a price has both parts or none.
CREATE TABLE products (
    sku            text      NOT NULL PRIMARY KEY,
    name           text      NOT NULL CHECK (name <> ''),
    category       text      NOT NULL REFERENCES categories (name),
    price_minor    bigint    CHECK (price_minor > 0),
    price_currency text      CHECK (length(price_currency) = 3),
    active         boolean   NOT NULL,
    created_at     timestamp NOT NULL,
    updated_at     timestamp NOT NULL,
    CHECK (sku <> ''),
    CHECK ((price_minor IS NULL) = (price_currency IS NULL))
);

CREATE INDEX products_category ON products (category);

-- +goose Down
DROP TABLE products;
DROP TABLE categories;
