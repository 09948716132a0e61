-- +goose Up
CREATE TABLE outbox (
    id           integer   PRIMARY KEY AUTOINCREMENT, -- never used again
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
CREATE INDEX outbox_key ON outbox (key); -- the doctor reads the events of a range of sagas

-- A result that is recorded from then on has its event here; older ones may be from before
-- the outbox, or told by rows that are deleted. It begins an hour late: processes of the
-- release before may still run, and clocks differ.
CREATE TABLE outbox_since (
    one bigint    PRIMARY KEY CHECK (one = 1),
    at  timestamp NOT NULL
);
INSERT INTO outbox_since (one, at) VALUES (1, strftime('%Y-%m-%d %H:%M:%f', 'now', '+1 hour'));

-- +goose Down
DROP TABLE outbox_since;
DROP TABLE outbox;
