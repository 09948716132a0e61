-- +goose Up
CREATE TABLE outbox (
    id           bigint    PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event_id     text      NOT NULL,
    type         text      NOT NULL,
    key          text      NOT NULL,
    data         text      NOT NULL, -- JSON
    meta         text      NOT NULL, -- JSON
    at           timestamp NOT NULL,
    published_at timestamp,
    seq          bigint,             -- the broker's position
    dead_at      timestamp,          -- the broker has refused it for good
    error        text      NOT NULL DEFAULT ''
);
CREATE INDEX outbox_pending ON outbox (id) WHERE published_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_seq ON outbox (seq) WHERE seq IS NOT NULL;
CREATE INDEX outbox_dead ON outbox (id) WHERE dead_at IS NOT NULL;

CREATE TABLE outbox_lease (
    one    bigint    PRIMARY KEY CHECK (one = 1),
    holder text      NOT NULL,
    until  timestamp NOT NULL
);

-- +goose Down
DROP TABLE outbox_lease;
DROP TABLE outbox;
