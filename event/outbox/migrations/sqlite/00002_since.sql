-- +goose Up
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
DROP INDEX outbox_key;
