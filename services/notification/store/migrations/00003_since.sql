-- +goose Up
-- When the service began to follow the facts that customers are told of: nothing that was
-- decided before needs a message.
CREATE TABLE deliveries_since (
    one bigint    NOT NULL PRIMARY KEY CHECK (one = 1),
    at  timestamp NOT NULL
);
INSERT INTO deliveries_since (one, at) VALUES (1, CURRENT_TIMESTAMP);

-- +goose Down
DROP TABLE deliveries_since;
