-- +goose Up
-- A product may cost nothing. SQLite cannot change a CHECK, so the table is made anew.
CREATE TABLE products_new (
    sku            text      NOT NULL PRIMARY KEY,
    name           text      NOT NULL CHECK (name <> ''),
    category       text      NOT NULL REFERENCES categories (name),
    price_minor    bigint    CHECK (price_minor >= 0),
    price_currency text      CHECK (length(price_currency) = 3),
    active         boolean   NOT NULL,
    created_at     timestamp NOT NULL,
    updated_at     timestamp NOT NULL,
    CHECK (sku <> ''),
    CHECK ((price_minor IS NULL) = (price_currency IS NULL))
);
INSERT INTO products_new (sku, name, category, price_minor, price_currency, active, created_at, updated_at)
    SELECT sku, name, category, price_minor, price_currency, active, created_at, updated_at FROM products;
DROP TABLE products;
ALTER TABLE products_new RENAME TO products;
CREATE INDEX products_category ON products (category);

-- +goose Down
-- A product that costs nothing has no price afterwards, so it cannot be ordered.
CREATE TABLE products_old (
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
INSERT INTO products_old (sku, name, category, price_minor, price_currency, active, created_at, updated_at)
    SELECT sku, name, category, NULLIF(price_minor, 0), CASE WHEN price_minor > 0 THEN price_currency END, active, created_at, updated_at FROM products;
DROP TABLE products;
ALTER TABLE products_old RENAME TO products;
CREATE INDEX products_category ON products (category);
