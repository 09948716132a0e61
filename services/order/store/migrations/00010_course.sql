-- +goose Up
-- How far each choreographed order has come. An order that a workflow takes forward has no
-- row here: the engine has its history.
CREATE TABLE courses (
    order_id      text NOT NULL PRIMARY KEY REFERENCES orders (id),
    payment_token text NOT NULL, -- '' once the order is decided
    state         text NOT NULL, -- JSON: an order.Course
    due_at        timestamp      -- when the clock looks at it; NULL: never again
);

CREATE INDEX courses_due ON courses (due_at) WHERE due_at IS NOT NULL;

-- +goose Down
DROP TABLE courses;
