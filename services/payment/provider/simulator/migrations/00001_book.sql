-- +goose Up
-- effects is the provider's book: one row per idempotency key, ever. A forbidden
-- key has a row too, of kind none, so that the primary key alone decides between
-- an effect and its prohibition.
CREATE TABLE effects (
    key        text      NOT NULL PRIMARY KEY,
    kind       text      NOT NULL CHECK (kind IN ('authorization', 'capture', 'refund', 'none')),
    state      text      NOT NULL CHECK (state IN ('authorized', 'captured', 'voided', 'expired', 'refunded', 'declined', 'forbidden')),
    amount     bigint    NOT NULL CHECK (amount >= 0), -- minor units
    currency   text      NOT NULL,
    reference  text      NOT NULL,
    target     text      NOT NULL, -- key of the authorization captured or the capture refunded
    token_hash text      NOT NULL, -- SHA-256, hex, of an authorization's token
    reason     text      NOT NULL,
    created_at timestamp NOT NULL,
    updated_at timestamp NOT NULL,
    CHECK ((kind = 'none') = (state = 'forbidden')),
    CHECK ((state = 'declined') = (reason <> ''))
);
CREATE UNIQUE INDEX effects_reference ON effects (reference) WHERE reference <> '';
CREATE UNIQUE INDEX effects_one_capture ON effects (target) WHERE kind = 'capture' AND state = 'captured';
CREATE INDEX effects_target ON effects (target) WHERE target <> '';

-- failures counts how often a call of a key was made to fail on purpose, so that
-- "three times" means three times across restarts.
CREATE TABLE failures (
    key   text   NOT NULL PRIMARY KEY,
    count bigint NOT NULL CHECK (count > 0)
);

-- +goose Down
DROP TABLE failures;
DROP TABLE effects;
