-- +goose Up
-- The products of each category and currency together, with all that is counted of them;
-- and those in the order of each list, with the number by which a search finds them.
CREATE INDEX products_facets ON products (generation, category, price_currency, available, price_minor, seq) WHERE listed;
DROP INDEX products_category;
DROP INDEX products_price;
DROP INDEX products_name;
CREATE INDEX products_price ON products (generation, price_minor, sku, seq) WHERE listed;
CREATE INDEX products_name ON products (generation, name, sku, seq) WHERE listed;

-- +goose Down
DROP INDEX products_name;
DROP INDEX products_price;
CREATE INDEX products_category ON products (generation, category) WHERE listed;
CREATE INDEX products_price ON products (generation, price_minor, sku) WHERE listed;
CREATE INDEX products_name ON products (generation, name, sku) WHERE listed;
DROP INDEX products_facets;
