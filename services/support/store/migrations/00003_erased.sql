-- +goose Up
-- Rows to lock while an account writes: one for each account with cases, or that is erased.
CREATE TABLE accounts (
    id     text    NOT NULL PRIMARY KEY CHECK (id <> ''),
    erased boolean NOT NULL
);
CREATE INDEX cases_customer ON cases (customer);

-- +goose Down
DROP INDEX cases_customer;
DROP TABLE accounts;
