-- +goose Up
-- NULL, or since when the account is being erased: its orders go first, then the row. Nothing
-- ends this state but the end of the account.
ALTER TABLE accounts ADD COLUMN erasing_since timestamp;

-- +goose Down
ALTER TABLE accounts DROP COLUMN erasing_since;
