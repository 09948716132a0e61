-- +goose Up
-- refund_notes: who asked for a refund and why, beside its transfer.
CREATE TABLE refund_notes (
    saga       text    NOT NULL,
    step       text    NOT NULL,
    generation bigint  NOT NULL,
    id         text    NOT NULL,
    reason     text    NOT NULL,
    reference  text    NOT NULL,
    asked_by   text    NOT NULL,
    take_back  boolean NOT NULL,
    PRIMARY KEY (saga, step, generation),
    FOREIGN KEY (saga, step, generation) REFERENCES transfers (saga, step, generation)
);

-- +goose Down
DROP TABLE refund_notes;
