-- +goose Up
CREATE TABLE inbox (
    group_name text      NOT NULL,
    event_id   text      NOT NULL,
    at         timestamp NOT NULL,
    PRIMARY KEY (group_name, event_id)
);
CREATE INDEX inbox_at ON inbox (at);

CREATE TABLE waiting (
    position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_name text      NOT NULL,
    event_key  text      NOT NULL,
    event_id   text      NOT NULL,
    type       text      NOT NULL,
    topic      text      NOT NULL,
    header     text      NOT NULL,
    data       bytea NOT NULL,
    urgent     boolean   NOT NULL,
    state      text      NOT NULL CHECK (state IN ('waiting', 'parked', 'handled', 'discarded')),
    attempts   bigint    NOT NULL,
    next_at    timestamp,
    kind       text      NOT NULL,
    code       text      NOT NULL,
    message    text      NOT NULL,
    since      timestamp NOT NULL,
    tried_at   timestamp,
    flagged_at timestamp,
    settled_at timestamp,
    UNIQUE (group_name, event_id),
    CHECK ((settled_at IS NULL) = (state IN ('waiting', 'parked')))
);
CREATE INDEX waiting_event ON waiting (event_id);
CREATE INDEX waiting_queue ON waiting (group_name, event_key, urgent DESC, position) WHERE settled_at IS NULL;
CREATE INDEX waiting_state ON waiting (group_name, state, position) WHERE settled_at IS NULL;
CREATE INDEX waiting_due ON waiting (group_name, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX waiting_head ON waiting (group_name, event_key) WHERE next_at IS NOT NULL;
CREATE INDEX waiting_settled ON waiting (settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE redrive (
    id         text      PRIMARY KEY,
    group_name text      NOT NULL,
    action     text      NOT NULL CHECK (action IN ('redrive', 'discard')),
    selection  text      NOT NULL,
    reason     text      NOT NULL CHECK (reason <> ''),
    operator   text      NOT NULL CHECK (operator <> ''),
    rate       bigint    NOT NULL,
    state      text      NOT NULL CHECK (state IN ('running', 'done', 'stopped')),
    created_at timestamp NOT NULL,
    ended_at   timestamp,
    CHECK ((ended_at IS NULL) = (state = 'running'))
);
CREATE INDEX redrive_running ON redrive (group_name) WHERE ended_at IS NULL;

CREATE TABLE redrive_item (
    redrive_id   text   NOT NULL REFERENCES redrive (id),
    item         bigint NOT NULL,
    event_key    text   NOT NULL,
    event_id     text   NOT NULL,
    state        text   NOT NULL CHECK (state IN ('requested', 'attempted', 'settled')),
    result       text   NOT NULL CHECK (result IN ('', 'handled', 'failed', 'skipped', 'discarded')),
    code         text   NOT NULL,
    attempted_at timestamp,
    settled_at   timestamp,
    PRIMARY KEY (redrive_id, item),
    CHECK ((settled_at IS NULL) = (result = ''))
);
CREATE INDEX redrive_item_event ON redrive_item (event_id);

-- +goose Down
DROP TABLE redrive_item;
DROP TABLE redrive;
DROP TABLE waiting;
DROP TABLE inbox;
