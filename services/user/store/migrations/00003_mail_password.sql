-- +goose Up
-- The reader of a mail chooses the password of the new account, not who registers it.
ALTER TABLE mails DROP COLUMN password;

-- +goose Down
ALTER TABLE mails ADD COLUMN password text NOT NULL DEFAULT '';
