-- +goose Up
-- A message to one recipient by one channel. id is made of the five columns of the key.
CREATE TABLE deliveries (
    id         text      NOT NULL PRIMARY KEY CHECK (id <> ''),
    kind       text      NOT NULL CHECK (kind <> ''),
    subject    text      NOT NULL CHECK (subject <> ''),
    occurrence text      NOT NULL, -- '': it happens once
    channel    text      NOT NULL CHECK (channel <> ''),
    recipient  text      NOT NULL CHECK (recipient <> ''), -- an account
    facts      text      NOT NULL, -- JSON: ids, amounts and codes
    state      text      NOT NULL CHECK (state IN ('WANTED', 'SENT', 'DROPPED')),
    reason     text      NOT NULL, -- a code; '': none
    address    text      NOT NULL, -- personal data; '': not asked for yet, or removed
    locale     text      NOT NULL,
    attempts   bigint    NOT NULL CHECK (attempts >= 0),
    provider   text      NOT NULL, -- the one that may have taken it; '': none
    created_at timestamp NOT NULL,
    next_at    timestamp NOT NULL, -- of the next attempt; while one is made, of its claim's end
    expires_at timestamp NOT NULL,
    ended_at   timestamp,
    UNIQUE (kind, subject, occurrence, channel, recipient)
);
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE state = 'WANTED';
CREATE INDEX deliveries_subject ON deliveries (subject, created_at);
CREATE INDEX deliveries_recipient ON deliveries (recipient);
CREATE INDEX deliveries_kept ON deliveries (ended_at) WHERE address <> '';

-- Addresses that were refused, as SHA-256.
CREATE TABLE suppressions (
    channel text      NOT NULL,
    address text      NOT NULL,
    until   timestamp NOT NULL,
    PRIMARY KEY (channel, address)
);

-- +goose Down
DROP TABLE suppressions;
DROP TABLE deliveries;
