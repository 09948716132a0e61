package barrier_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
)

// TestRoundTrips counts the round trips of each call to PostgreSQL, with an effect of
// one statement, so that an added round trip does not go unnoticed.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	db, trips := dbtest.Counted(t, migrate)
	keys := 0
	for _, tt := range []struct {
		before start
		call   op
		trips  int
	}{
		{nil, do, 3},
		{start{do}, do, 3},
		{nil, doRefuse, 4},
		{start{doRefuse}, do, 3},
		{nil, undo, 2},
		{start{do}, undo, 4},
		{nil, settle, 1},
		{start{do}, settle, 2},
		{nil, intend, 3},
		{nil, intendRefuse, 4},
		{start{intend}, intend, 3},
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
			before := trips()
			require.Equal(t, l.take(tt.call, "a"), tt.call.run(t.Context(), db, k, "a"))
			last = trips() - before
		}
		require.Equal(t, tt.trips, last, "%s %v", tt.call, tt.before)
	}
}
