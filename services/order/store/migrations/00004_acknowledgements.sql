-- +goose Up
-- That somebody has looked at what needed attention: who, when, why, and at which
-- flags. It stays for ever. JSON, as the lists beside it; few orders have any.
ALTER TABLE orders ADD COLUMN acknowledgements text NOT NULL DEFAULT '[]'; -- JSON

CREATE INDEX orders_acknowledged ON orders (id) WHERE acknowledgements <> '[]';

-- +goose Down
DROP INDEX orders_acknowledged;
ALTER TABLE orders DROP COLUMN acknowledgements;
