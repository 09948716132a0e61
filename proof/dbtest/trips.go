package dbtest

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/bench/wire"
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

// Call is something that a saga asks, and how many round trips it takes.
type Call struct {
	trips int
	name  string
	do    func(ctx context.Context) error
}

// Takes says that do takes so many round trips.
func Takes(trips int, name string, do func(ctx context.Context) error) Call {
	return Call{trips, name, do}
}

// RequireTrips requires that the calls of a saga, made in their order, take as
// many round trips as they say: whoever adds one has to say so. The calls of one
// saga before it prepare the statements.
func RequireTrips(t *testing.T, trips func() int, calls func(saga string) []Call) {
	t.Helper()
	var want, got []string
	for _, saga := range []string{"ord_1", "ord_2"} {
		want, got = nil, nil
		for _, c := range calls(saga) {
			before := trips()
			require.NoError(t, c.do(t.Context()), c.name)
			got = append(got, fmt.Sprintf("%s %d", c.name, trips()-before))
			want = append(want, fmt.Sprintf("%s %d", c.name, c.trips))
		}
	}
	require.Equal(t, want, got)
}

// Only drops an answer: a [Call] returns an error.
func Only[T any](_ T, err error) error { return err }
