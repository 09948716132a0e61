-- +goose Up
CREATE TABLE stock (item text PRIMARY KEY, free bigint NOT NULL CHECK (free >= 0));
CREATE TABLE booking (number text PRIMARY KEY, item text NOT NULL);
CREATE TABLE ticket (number text PRIMARY KEY);
CREATE TABLE charge (key text PRIMARY KEY, state text NOT NULL, cents bigint NOT NULL);

-- +goose Down
DROP TABLE charge;
DROP TABLE ticket;
DROP TABLE booking;
DROP TABLE stock;
