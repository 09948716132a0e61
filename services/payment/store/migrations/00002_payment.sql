-- +goose Up
-- payments: what one authorization of one saga became. Amounts are minor units.
CREATE TABLE payments (
    id                 text      NOT NULL PRIMARY KEY,
    saga               text      NOT NULL,
    step               text      NOT NULL,
    generation         bigint    NOT NULL,
    state              text      NOT NULL CHECK (state IN ('intent', 'authorized', 'declined', 'voided', 'captured', 'refunded')),
    amount             bigint    NOT NULL CHECK (amount > 0),
    currency           text      NOT NULL,
    token_hash         text      NOT NULL,
    provider_reference text      NOT NULL,
    decline_code       text      NOT NULL,
    captured           bigint    NOT NULL CHECK (captured >= 0),
    refunding          bigint    NOT NULL CHECK (refunding >= 0),
    refunded           bigint    NOT NULL CHECK (refunded >= 0),
    created_at         timestamp NOT NULL,
    updated_at         timestamp NOT NULL,
    UNIQUE (saga, step, generation),
    CHECK (captured <= amount),
    CHECK (refunded + refunding <= captured),
    CHECK ((state IN ('captured', 'refunded')) = (captured > 0)),
    CHECK ((state = 'declined') = (decline_code <> ''))
);
-- A saga holds or takes money once at a time.
CREATE UNIQUE INDEX payments_one_live ON payments (saga) WHERE state IN ('intent', 'authorized', 'captured');

-- transfers: every capture and refund that was asked of the provider.
CREATE TABLE transfers (
    saga               text      NOT NULL,
    step               text      NOT NULL,
    generation         bigint    NOT NULL,
    payment_id         text      NOT NULL REFERENCES payments (id),
    kind               text      NOT NULL CHECK (kind IN ('capture', 'refund')),
    state              text      NOT NULL CHECK (state IN ('intent', 'done', 'declined', 'blocked')),
    amount             bigint    NOT NULL CHECK (amount > 0),
    currency           text      NOT NULL,
    target             text      NOT NULL, -- provider's key of what is captured or refunded
    invoice_number     text      NOT NULL,
    provider_reference text      NOT NULL,
    decline_code       text      NOT NULL,
    created_at         timestamp NOT NULL,
    updated_at         timestamp NOT NULL,
    PRIMARY KEY (saga, step, generation),
    CHECK ((kind = 'capture') = (invoice_number <> '')),
    CHECK ((state = 'declined') = (decline_code <> ''))
);
CREATE UNIQUE INDEX transfers_one_capture ON transfers (payment_id) WHERE kind = 'capture' AND state IN ('intent', 'done');
CREATE INDEX transfers_payment ON transfers (payment_id);

-- postings: the ledger, append-only. A debit is positive, a credit negative; each
-- set sums to zero per currency.
CREATE TABLE postings (
    set_id     text      NOT NULL,
    line       bigint    NOT NULL,
    payment_id text      NOT NULL REFERENCES payments (id),
    kind       text      NOT NULL CHECK (kind IN ('hold', 'release', 'capture', 'refund')),
    account    text      NOT NULL CHECK (account IN ('funds_held', 'funds_held_contra', 'provider_receivable', 'revenue', 'refunds')),
    amount     bigint    NOT NULL CHECK (amount <> 0),
    currency   text      NOT NULL,
    created_at timestamp NOT NULL,
    PRIMARY KEY (set_id, line)
);
-- What can happen to a payment once is booked once.
CREATE UNIQUE INDEX postings_once ON postings (payment_id, kind, account) WHERE kind <> 'refund';
-- A hold is let go by its release or by its capture, never by both.
CREATE UNIQUE INDEX postings_one_end ON postings (payment_id, account) WHERE kind IN ('release', 'capture');

CREATE TABLE invoices (
    number     text      NOT NULL PRIMARY KEY,
    payment_id text      NOT NULL UNIQUE REFERENCES payments (id),
    amount     bigint    NOT NULL CHECK (amount > 0),
    currency   text      NOT NULL,
    created_at timestamp NOT NULL
);

-- series: the last number given out, per series of numbers.
CREATE TABLE series (
    name text   NOT NULL PRIMARY KEY,
    last bigint NOT NULL
);

-- +goose Down
DROP TABLE series;
DROP TABLE invoices;
DROP TABLE postings;
DROP TABLE transfers;
DROP TABLE payments;
