-- +goose Up
-- login is email in lower case: by it accounts are told apart.
CREATE TABLE accounts (
    id          text      NOT NULL PRIMARY KEY CHECK (id <> ''),
    email       text      NOT NULL CHECK (email <> ''),
    login       text      NOT NULL UNIQUE CHECK (login <> ''),
    name        text      NOT NULL,
    locale      text      NOT NULL CHECK (locale <> ''),
    role        text      NOT NULL CHECK (role <> ''),
    locked      text      NOT NULL, -- the reason; '': it is not
    password    text      NOT NULL, -- argon2id, with its parameters; '': none yet
    preferences text      NOT NULL, -- JSON
    version     bigint    NOT NULL CHECK (version > 0),
    created_at  timestamp NOT NULL,
    updated_at  timestamp NOT NULL
);

-- A family of refresh tokens: hashes of the current one and of its predecessor.
CREATE TABLE sessions (
    id           text      NOT NULL PRIMARY KEY CHECK (id <> ''),
    account      text      NOT NULL REFERENCES accounts (id),
    device       text      NOT NULL,
    generation   bigint    NOT NULL CHECK (generation > 0), -- of the current token
    token        text      NOT NULL,
    predecessor  text      NOT NULL, -- '': the current one is the first
    refreshed_at timestamp NOT NULL,
    failures     bigint    NOT NULL, -- wrong passwords in a row
    created_at   timestamp NOT NULL,
    expires_at   timestamp NOT NULL,
    ended_at     timestamp -- NULL: it has not ended before its time
);
CREATE INDEX sessions_open ON sessions (account) WHERE ended_at IS NULL;
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE api_keys (
    id         text      NOT NULL PRIMARY KEY CHECK (id <> ''),
    account    text      NOT NULL REFERENCES accounts (id),
    name       text      NOT NULL,
    scopes     text      NOT NULL, -- separated by spaces
    hash       text      NOT NULL,
    created_at timestamp NOT NULL,
    expires_at timestamp, -- NULL: never
    used_at    timestamp, -- NULL: never
    revoked_at timestamp
);
CREATE INDEX api_keys_account ON api_keys (account);

CREATE TABLE deliveries (
    id          text      NOT NULL PRIMARY KEY CHECK (id <> ''),
    account     text      NOT NULL REFERENCES accounts (id),
    name        text      NOT NULL,
    line1       text      NOT NULL,
    line2       text      NOT NULL,
    city        text      NOT NULL,
    postal_code text      NOT NULL,
    region      text      NOT NULL,
    country     text      NOT NULL,
    created_at  timestamp NOT NULL
);
CREATE INDEX deliveries_account ON deliveries (account);

-- Mails that are to be sent. That of a registration has the account that is to be, so
-- there is no foreign key.
CREATE TABLE mails (
    id         text      NOT NULL PRIMARY KEY CHECK (id <> ''),
    account    text      NOT NULL,
    template   text      NOT NULL,
    email      text      NOT NULL,
    login      text      NOT NULL,
    name       text      NOT NULL,
    locale     text      NOT NULL,
    password   text      NOT NULL, -- that of a registration, hashed; else ''
    hash       text      NOT NULL, -- of the token
    created_at timestamp NOT NULL,
    expires_at timestamp NOT NULL,
    used_at    timestamp
);
CREATE INDEX mails_recent ON mails (login, template, created_at);
CREATE INDEX mails_expires ON mails (expires_at);

-- Failed attempts in a row. subject tells nothing about the address without the secret.
CREATE TABLE login_failures (
    subject   text      NOT NULL PRIMARY KEY CHECK (subject <> ''),
    failures  bigint    NOT NULL CHECK (failures >= 0),
    failed_at timestamp NOT NULL
);
CREATE INDEX login_failures_at ON login_failures (failed_at);

-- What happened to the security of accounts. Rows are only added, and outlive the account.
CREATE TABLE records (
    id      text      NOT NULL PRIMARY KEY CHECK (id <> ''),
    account text      NOT NULL, -- '': an address without one
    at      timestamp NOT NULL,
    event   text      NOT NULL CHECK (event <> ''),
    by_whom text      NOT NULL,
    about   text      NOT NULL,
    note    text      NOT NULL
);
CREATE INDEX records_account ON records (account, id);

-- Sessions and API keys that ended before their time. The head's row is locked by each
-- transaction that adds to the list, so positions are in the order of the commits, without gaps.
CREATE TABLE revocations (
    position bigint    NOT NULL PRIMARY KEY CHECK (position > 0),
    id       text      NOT NULL,
    until    timestamp NOT NULL -- when the last token of it has expired
);
CREATE TABLE revocations_head (
    one      bigint NOT NULL PRIMARY KEY CHECK (one = 1),
    position bigint NOT NULL CHECK (position >= 0)
);
INSERT INTO revocations_head (one, position) VALUES (1, 0);

-- Keys that sign tokens, one after the other. The private part is sealed.
CREATE TABLE signing_keys (
    number    bigint    NOT NULL PRIMARY KEY CHECK (number > 0),
    id        text      NOT NULL UNIQUE CHECK (id <> ''),
    public    text      NOT NULL, -- base64
    sealed    text      NOT NULL, -- base64
    starts_at timestamp NOT NULL  -- it signs from then on
);

-- +goose Down
DROP TABLE signing_keys;
DROP TABLE revocations_head;
DROP TABLE revocations;
DROP TABLE records;
DROP TABLE login_failures;
DROP TABLE mails;
DROP TABLE deliveries;
DROP TABLE api_keys;
DROP TABLE sessions;
DROP TABLE accounts;
