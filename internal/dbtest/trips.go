package dbtest

import (
	"context"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/bench/wire"
	"github.com/amends/amends/internal/database"
)

// Counted returns a fresh PostgreSQL database, migrated by migrate, of which every
// round trip is counted, and how many there have been. It has one connection, so
// that a statement is prepared once: that takes a round trip of its own.
func Counted(tb testing.TB, migrate func(ctx context.Context, db *gorm.DB) error) (db *gorm.DB, trips func() int) {
	tb.Helper()
	u, err := url.Parse(Postgres(tb))
	require.NoError(tb, err)
	line, err := wire.Open(tb.Context(), u.Host)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = line.Close() }) // the connection is closed by then
	u.Host = line.Address
	db = Open(tb, u.String(), database.Options{MaxConns: 1})
	require.NoError(tb, migrate(tb.Context(), db))
	return db, func() int {
		count := line.Read()[u.Path[1:]]
		return int(count.Trips - count.Statements["-- ping"]) // of a connection that has idled for a second
	}
}
