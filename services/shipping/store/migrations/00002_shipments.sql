-- +goose Up
-- One row per parcel, which is one call to the carrier under the key
-- <saga>/<step>[/<generation>]/<warehouse>. It holds no address.
CREATE TABLE shipments (
    saga            text      NOT NULL,
    step            text      NOT NULL,
    generation      bigint    NOT NULL,
    warehouse       text      NOT NULL,
    state           text      NOT NULL CHECK (state IN ('intent', 'booked', 'cancelled')),
    carrier         text,
    tracking_number text,
    -- Why the carrier refused this parcel. It decides about the whole step.
    refusal_code    text,
    refusal_message text,
    created_at      timestamp NOT NULL,
    booked_at       timestamp,
    cancelled_at    timestamp,
    PRIMARY KEY (saga, step, generation, warehouse),
    CHECK ((carrier IS NULL) = (tracking_number IS NULL)),
    CHECK ((refusal_code IS NULL) = (refusal_message IS NULL)),
    CHECK (state <> 'intent' OR (booked_at IS NULL AND tracking_number IS NULL)),
    CHECK (state <> 'booked' OR (booked_at IS NOT NULL AND tracking_number IS NOT NULL AND refusal_code IS NULL)),
    CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL))
);

CREATE UNIQUE INDEX shipments_tracking_number ON shipments (carrier, tracking_number) WHERE tracking_number IS NOT NULL;

-- +goose Down
DROP TABLE shipments;
