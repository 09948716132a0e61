-- +goose Up
-- The books of the providers: one row for each key, ever. A key that is closed has a row,
-- too, so that the primary key alone decides between a message and its end.
CREATE TABLE messages (
    provider text      NOT NULL CHECK (provider <> ''),
    key      text      NOT NULL CHECK (key <> ''),
    state    text      NOT NULL CHECK (state IN ('sent', 'closed')),
    address  text      NOT NULL, -- '' of a closed key
    body     text      NOT NULL,
    at       timestamp NOT NULL,
    PRIMARY KEY (provider, key)
);

-- +goose Down
DROP TABLE messages;
