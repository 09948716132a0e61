-- +goose Up
-- Subjects and messages are personal data.
CREATE TABLE cases (
    id         text      NOT NULL PRIMARY KEY CHECK (id <> ''), -- later ones are greater
    order_id   text      NOT NULL CHECK (order_id <> ''),
    customer   text      NOT NULL, -- '': a guest
    subject    text      NOT NULL CHECK (subject <> ''),
    state      text      NOT NULL CHECK (state <> ''),
    assignee   text      NOT NULL, -- '': none
    created_at timestamp NOT NULL,
    updated_at timestamp NOT NULL
);
CREATE INDEX cases_order ON cases (order_id, id);
CREATE INDEX cases_state ON cases (state, id);
CREATE INDEX cases_assignee ON cases (assignee, id) WHERE assignee <> '';

CREATE TABLE messages (
    case_id  text      NOT NULL REFERENCES cases (id),
    position bigint    NOT NULL CHECK (position > 0),
    side     text      NOT NULL CHECK (side <> ''),
    author   text      NOT NULL, -- '': a guest
    text     text      NOT NULL CHECK (text <> ''),
    at       timestamp NOT NULL,
    PRIMARY KEY (case_id, position)
);

-- The commands that were carried out, so that a repeat is not. subject is an order for a
-- case that was opened, otherwise a case.
CREATE TABLE commands (
    subject     text NOT NULL CHECK (subject <> ''),
    side        text NOT NULL CHECK (side <> ''),
    author      text NOT NULL,
    key         text NOT NULL CHECK (key <> ''), -- its SHA-256
    fingerprint text NOT NULL CHECK (fingerprint <> ''), -- the SHA-256 of the content
    case_id     text NOT NULL REFERENCES cases (id),
    PRIMARY KEY (subject, side, author, key)
);

-- Rows to lock while a case is opened: one for each order with cases.
CREATE TABLE orders (
    id text NOT NULL PRIMARY KEY CHECK (id <> '')
);

-- +goose Down
DROP TABLE orders;
DROP TABLE commands;
DROP TABLE messages;
DROP TABLE cases;
