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

// Spent is the use of a database. Statements include those that begin and end a
// transaction; a statement outside of one is a transaction, too.
type Spent struct{ Transactions, Trips, Statements int }

// Minus returns the difference of two readings.
func (s Spent) Minus(before Spent) Spent {
	return Spent{s.Transactions - before.Transactions, s.Trips - before.Trips, s.Statements - before.Statements}
}

// Counted returns a fresh PostgreSQL database, migrated by migrate, and a function
// that returns how much it has been used. The database has one connection, so that
// each statement is prepared once, which takes a round trip of its own.
func Counted(tb testing.TB, migrate func(ctx context.Context, db *gorm.DB) error) (db *gorm.DB, spent func() Spent) {
	tb.Helper()
	u, err := url.Parse(Postgres(tb))
	require.NoError(tb, err)
	line, err := wire.Open(tb.Context(), u.Host)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = line.Close() }) // after the connection
	u.Host = line.Address
	db = Open(tb, u.String(), database.Options{MaxConns: 1})
	require.NoError(tb, migrate(tb.Context(), db))
	return db, func() Spent {
		count := line.Read()[u.Path[1:]]
		pings := int(count.Statements["-- ping"]) // of a connection that has idled for a second
		all := Spent{Transactions: int(count.Transactions) - pings, Trips: int(count.Trips) - pings, Statements: -pings}
		for _, n := range count.Statements {
			all.Statements += int(n)
		}
		return all
	}
}

// Call is a call of a saga, and how many round trips it takes.
type Call struct {
	trips int
	name  string
	do    func(ctx context.Context) error
}

// Takes returns a call that takes that many round trips.
func Takes(trips int, name string, do func(ctx context.Context) error) Call {
	return Call{trips, name, do}
}

// RequireTrips requires that the calls of a saga, made in their order, take
// exactly as many round trips as declared, so that a change of the number is a
// visible change of the test. The calls of a first saga prepare the statements.
func RequireTrips(t *testing.T, spent func() Spent, calls func(saga string) []Call) {
	t.Helper()
	var want, got []string
	for _, saga := range []string{"ord_1", "ord_2"} {
		want, got = nil, nil
		for _, c := range calls(saga) {
			before := spent()
			require.NoError(t, c.do(t.Context()), c.name)
			got = append(got, fmt.Sprintf("%s %d", c.name, spent().Minus(before).Trips))
			want = append(want, fmt.Sprintf("%s %d", c.name, c.trips))
		}
	}
	require.Equal(t, want, got)
}

// Only drops an answer, because a [Call] returns an error only.
func Only[T any](_ T, err error) error { return err }
