-- +goose Up
-- Every change of the units that a warehouse ever received: their sum is received. Rows
-- are only added.
CREATE TABLE stock_journal (
    sku       text      NOT NULL,
    warehouse text      NOT NULL,
    position  bigint    NOT NULL CHECK (position > 0),
    kind      text      NOT NULL CHECK (kind IN ('opening', 'delivery', 'correction')),
    units     bigint    NOT NULL,
    booked_by text      NOT NULL CHECK (booked_by <> ''),
    reason    text      NOT NULL CHECK (reason <> '' OR kind = 'delivery'),
    reference text      NOT NULL,
    booked_at timestamp NOT NULL,
    PRIMARY KEY (sku, warehouse, position),
    FOREIGN KEY (sku, warehouse) REFERENCES stock (sku, warehouse)
);

-- A correction with a reference is booked once.
CREATE UNIQUE INDEX stock_journal_reference ON stock_journal (sku, warehouse, reference) WHERE reference <> '';

INSERT INTO stock_journal (sku, warehouse, position, kind, units, booked_by, reason, reference, booked_at)
SELECT sku, warehouse, 1, 'opening', received, 'amends migrate', 'received before the journal began', '', CURRENT_TIMESTAMP
FROM stock;

-- +goose Down
DROP TABLE stock_journal;
