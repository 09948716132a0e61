-- +goose Up
CREATE TABLE lease (
    name   text   PRIMARY KEY CHECK (name <> ''),
    holder text   NOT NULL,
    beat   bigint NOT NULL
);

-- +goose Down
DROP TABLE lease;
