package database_test

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf has a row with a rule of every kind that a database checks.
type shelf struct {
	ID      int64
	Name    string
	Parent  *int64
	Stocked time.Time
}

func (shelf) TableName() string { return "shelf" }

var shelves = fstest.MapFS{"00001_shelf.sql": {Data: []byte(`
-- +goose Up
CREATE TABLE shelf (
    id      bigint PRIMARY KEY CHECK (id > 0),
    name    text NOT NULL UNIQUE,
    parent  bigint REFERENCES shelf (id),
    stocked timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
-- +goose Down
DROP TABLE shelf;
`)}}

var labels = fstest.MapFS{"00002_label.sql": {Data: []byte(`
-- +goose Up
CREATE TABLE label (name text PRIMARY KEY);
-- +goose Down
DROP TABLE label;
`)}}

var migrate = database.Schema{shelves}.Migrate

func each(t *testing.T, body func(t *testing.T, db *gorm.DB)) {
	t.Helper()
	dbtest.Each(t, migrate, body)
}

func nothing(context.Context, *gorm.DB) error { return nil }

// execute runs a statement on a connection of its own.
func execute(t *testing.T, dsn, statement string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), statement, args...)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}
