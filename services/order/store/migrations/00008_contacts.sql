-- +goose Up
-- Where guests are told of their orders: personal data. A row is written before the order's,
-- which may never be. The fingerprint is that of the placement, and stands for the contact.
CREATE TABLE contacts (
    order_id    text      NOT NULL CHECK (order_id <> ''),
    fingerprint text      NOT NULL CHECK (fingerprint <> ''),
    email       text      NOT NULL, -- '': none
    phone       text      NOT NULL, -- '': none
    locale      text      NOT NULL, -- '': the shop's language
    kept_at     timestamp NOT NULL,
    PRIMARY KEY (order_id, fingerprint),
    CHECK (email <> '' OR phone <> '')
);
CREATE INDEX contacts_kept ON contacts (kept_at);

-- +goose Down
DROP TABLE contacts;
