-- +goose Up
CREATE TABLE barrier (
    saga        text      NOT NULL CHECK (saga <> ''),
    step        text      NOT NULL CHECK (step <> ''),
    generation  bigint    NOT NULL DEFAULT 0 CHECK (generation >= 0),
    state       text      NOT NULL CHECK (state IN ('intent', 'done', 'refused', 'undone', 'blocked')),
    fingerprint text      NOT NULL,
    request     text      NOT NULL,
    outcome     text      NOT NULL,
    code        text      NOT NULL,
    message     text      NOT NULL,
    created_at  timestamp NOT NULL,
    updated_at  timestamp NOT NULL,
    PRIMARY KEY (saga, step, generation),
    CHECK ((state = 'refused') = (code <> ''))
);

-- +goose Down
DROP TABLE barrier;
