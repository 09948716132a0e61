package barrier_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/barrier/txn"
)

// TestRoundTrips counts the round trips of each call to PostgreSQL, with an effect of
// one statement, so that an added round trip does not go unnoticed.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	db, spent := dbtest.Counted(t, migrate)
	keys := 0
	var want, got []string
	for _, tt := range []struct {
		before start
		call   op
		trips  int
	}{
		{nil, do, 3},
		{start{do}, do, 5},
		{nil, doRefuse, 4},
		{start{doRefuse}, do, 5},
		{nil, undo, 2},
		{start{do}, undo, 4},
		{nil, settle, 1},
		{start{do}, settle, 2},
		{nil, intend, 3},
		{nil, intendRefuse, 4},
		{start{intend}, intend, 5},
		{start{intend}, conclude, 3},
		{start{intend, conclude}, conclude, 3},
		{start{intend}, refuse, 3},
		{nil, beginUndo, 1},
		{start{intend}, beginUndo, 2},
		{start{intend}, endUndone, 3},
		{start{intend}, endBlocked, 3},
	} {
		last := 0
		for range 2 { // the first prepares the statements
			keys++
			k := barrier.Key{Saga: fmt.Sprintf("ord_%d", keys), Step: "inventory.reserve"}
			var l ledger
			for _, o := range tt.before {
				require.Equal(t, l.take(o, "a"), o.run(t.Context(), db, k, "a"))
			}
			before := spent()
			require.Equal(t, l.take(tt.call, "a"), tt.call.run(t.Context(), db, k, "a"))
			last = spent().Minus(before).Trips
		}
		want, got = append(want, fmt.Sprintf("%s %v %d", tt.call, tt.before, tt.trips)), append(got, fmt.Sprintf("%s %v %d", tt.call, tt.before, last))
	}
	require.Equal(t, want, got)
}

// TestTellingTakesNoRoundTripOfItsOwn counts those of calls that tell by one queued
// statement. A null undo, settle and recorded refusal become transactions, so COMMIT
// comes on top.
func TestTellingTakesNoRoundTripOfItsOwn(t *testing.T) {
	t.Parallel()
	db, spent := dbtest.Counted(t, migrate)
	var want, got []string
	for i, tt := range []struct {
		finds   barrier.State
		arrives string
		trips   int
	}{
		{nothing, "do", 3},
		{barrier.Done, "do", 5},
		{nothing, "do that refuses", 5},
		{barrier.Refused, "do", 5},
		{nothing, "undo", 2},
		{barrier.Done, "undo", 4},
		{nothing, "settle", 2},
		{barrier.Done, "settle", 3},
		{barrier.Intent, "conclude", 3},
		{barrier.Intent, "refuse", 3},
		{nothing, "begin undo", 2},
		{barrier.Intent, "end undo as undone", 3},
	} {
		last := 0
		for try := range 2 { // the first prepares the statements
			b := testBundle{db, barrier.Key{Saga: fmt.Sprintf("ord_%d_%d", i, try), Step: "inventory.reserve"}}
			b.arrange(t, tt.finds)
			before := spent()
			_, _ = b.arrive(t.Context(), tt.arrives, func(tx *gorm.DB, told barrier.Told) error {
				return b.tell(txn.Queue(tx, 1), told)
			})
			last = spent().Minus(before).Trips
			require.Len(t, b.told(t), 1)
		}
		want, got = append(want, fmt.Sprintf("%s finds %s %d", tt.arrives, tt.finds, tt.trips)), append(got, fmt.Sprintf("%s finds %s %d", tt.arrives, tt.finds, last))
	}
	require.Equal(t, want, got)
}

// The first statement of the transaction travelled with the query that failed.
func TestAQueryThatFailsTakesNoFurtherRoundTrip(t *testing.T) {
	t.Parallel()
	db, spent := dbtest.Counted(t, migrate)
	trips := 0
	for i := range 2 { // the first prepares the statements
		before := spent()
		_, err := barrier.Do(t.Context(), db, barrier.Call{Key: barrier.Key{Saga: fmt.Sprint(i), Step: "inventory.reserve"}}, func(tx *gorm.DB) (string, error) {
			return "", tx.Exec("SELECT 1 / ?::int", 0).Error
		})
		require.Equal(t, "22012", txn.SQLState(err))
		trips = spent().Minus(before).Trips
	}
	require.Equal(t, 5, trips, "BEGIN, the query and its preparation, which a failed one repeats, and ROLLBACK")
}
