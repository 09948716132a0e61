-- +goose Up
-- Goods that an order bought may come back. SQLite cannot change a CHECK, so the table is
-- made anew.
CREATE TABLE stock_journal_new (
    sku       text      NOT NULL,
    warehouse text      NOT NULL,
    position  bigint    NOT NULL CHECK (position > 0),
    kind      text      NOT NULL CHECK (kind IN ('opening', 'delivery', 'correction', 'return')),
    units     bigint    NOT NULL,
    booked_by text      NOT NULL CHECK (booked_by <> ''),
    reason    text      NOT NULL CHECK (reason <> '' OR kind = 'delivery'),
    reference text      NOT NULL,
    booked_at timestamp NOT NULL,
    PRIMARY KEY (sku, warehouse, position),
    FOREIGN KEY (sku, warehouse) REFERENCES stock (sku, warehouse)
);
INSERT INTO stock_journal_new (sku, warehouse, position, kind, units, booked_by, reason, reference, booked_at)
    SELECT sku, warehouse, position, kind, units, booked_by, reason, reference, booked_at FROM stock_journal;
DROP TABLE stock_journal;
ALTER TABLE stock_journal_new RENAME TO stock_journal;
-- A correction with a reference is booked once, and so is the return of an order.
CREATE UNIQUE INDEX stock_journal_reference ON stock_journal (sku, warehouse, kind, reference) WHERE reference <> '';
CREATE INDEX stock_journal_return ON stock_journal (reference) WHERE kind = 'return';

-- +goose Down
-- A return becomes a correction, with a reference that no other correction can have.
CREATE TABLE stock_journal_old (
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
INSERT INTO stock_journal_old (sku, warehouse, position, kind, units, booked_by, reason, reference, booked_at)
    SELECT sku, warehouse, position, CASE kind WHEN 'return' THEN 'correction' ELSE kind END, units, booked_by, reason,
        CASE kind WHEN 'return' THEN 'return of ' || reference ELSE reference END, booked_at FROM stock_journal;
DROP TABLE stock_journal;
ALTER TABLE stock_journal_old RENAME TO stock_journal;
CREATE UNIQUE INDEX stock_journal_reference ON stock_journal (sku, warehouse, reference) WHERE reference <> '';
