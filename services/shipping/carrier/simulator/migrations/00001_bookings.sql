-- +goose Up
-- The carrier's book: one row per key it was asked about with effect. It keeps
-- no address, only the parcel's fingerprint.
CREATE TABLE bookings (
    booking_key     text      NOT NULL PRIMARY KEY,
    state           text      NOT NULL CHECK (state IN ('booked', 'cancelled', 'forbidden')),
    warehouse       text      NOT NULL,
    tracking_number text      UNIQUE,
    fingerprint     text      NOT NULL,
    lost_replies    bigint    NOT NULL CHECK (lost_replies >= 0),
    created_at      timestamp NOT NULL,
    updated_at      timestamp NOT NULL,
    CHECK ((state = 'forbidden') = (tracking_number IS NULL))
);

-- +goose Down
DROP TABLE bookings;
