CREATE TABLE IF NOT EXISTS products (
    sku         TEXT PRIMARY KEY,
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    category    TEXT    NOT NULL,
    price       INTEGER NOT NULL, -- cents
    currency    TEXT    NOT NULL,
    active      BOOLEAN NOT NULL
);

-- available + sold = received.
CREATE TABLE IF NOT EXISTS stock (
    sku       TEXT    NOT NULL REFERENCES products (sku),
    warehouse TEXT    NOT NULL,
    available INTEGER NOT NULL CHECK (available >= 0),
    sold      INTEGER NOT NULL DEFAULT 0,
    received  INTEGER NOT NULL,
    version   INTEGER NOT NULL DEFAULT 1, -- grows with every change
    PRIMARY KEY (sku, warehouse)
);

-- digest is hex(SHA-256(salt + password)), as it was done in the days of this shop.
CREATE TABLE IF NOT EXISTS users (
    id         TEXT PRIMARY KEY,
    email      TEXT NOT NULL,
    login      TEXT NOT NULL UNIQUE, -- email in lower case
    name       TEXT NOT NULL,
    locale     TEXT NOT NULL,
    salt       TEXT NOT NULL,
    digest     TEXT NOT NULL,
    created_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS sessions (
    token      TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id),
    created_at TEXT NOT NULL
);

-- A placement's key is for one order, whose id is kept before anything else happens.
CREATE TABLE IF NOT EXISTS placements (
    user_id  TEXT NOT NULL,
    key      TEXT NOT NULL,
    order_id TEXT NOT NULL UNIQUE,
    body     TEXT NOT NULL, -- hash of the request
    PRIMARY KEY (user_id, key)
);

-- origin: '' for an order of this shop, 'amends' for one that was written back.
-- stock: 'own' if it took its units from the table stock, 'door' from the inventory service.
CREATE TABLE IF NOT EXISTS orders (
    id         TEXT PRIMARY KEY,
    user_id    TEXT    NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('CONFIRMED', 'CANCELLED')),
    reason     TEXT    NOT NULL,
    currency   TEXT    NOT NULL,
    total      INTEGER NOT NULL,
    refunded   INTEGER NOT NULL DEFAULT 0,
    ship_to    TEXT    NOT NULL, -- JSON
    origin     TEXT    NOT NULL,
    stock      TEXT    NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1,
    created_at TEXT    NOT NULL,
    updated_at TEXT    NOT NULL
);
CREATE INDEX IF NOT EXISTS orders_user ON orders (user_id, created_at DESC);

CREATE TABLE IF NOT EXISTS order_lines (
    order_id TEXT    NOT NULL REFERENCES orders (id),
    position INTEGER NOT NULL,
    sku      TEXT    NOT NULL,
    quantity INTEGER NOT NULL,
    price    INTEGER NOT NULL, -- of one unit
    PRIMARY KEY (order_id, position)
);

CREATE TABLE IF NOT EXISTS payments (
    order_id TEXT PRIMARY KEY REFERENCES orders (id),
    amount   INTEGER NOT NULL,
    currency TEXT    NOT NULL,
    paid_at  TEXT    NOT NULL
);

-- The mails that this shop has sent; no key, so that a second one would be seen.
CREATE TABLE IF NOT EXISTS mails (
    order_id TEXT NOT NULL,
    sent_at  TEXT NOT NULL
);

-- Reservations at the inventory service that are not settled: asked (held, the order is not
-- stored yet), sold or released (the order is stored, the service is to be told).
CREATE TABLE IF NOT EXISTS reservations (
    order_id TEXT PRIMARY KEY,
    state    TEXT NOT NULL CHECK (state IN ('asked', 'sold', 'released')),
    asked_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
