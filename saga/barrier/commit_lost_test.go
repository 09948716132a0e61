package barrier_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/dbtest"
)

// cutCalls are the calls whose connection breaks at their COMMIT, and what they
// find.
var cutCalls = []struct {
	before start
	call   op
}{
	{nil, do},
	{nil, doRefuse},
	{start{do}, do},
	{nil, undo},
	{start{do}, undo},
	{start{doRefuse}, undo},
	{nil, settle},
	{start{do}, settle},
	{nil, intend},
	{nil, intendRefuse},
	{start{intend}, conclude},
	{start{intend}, refuse},
	{start{intend}, beginUndo},
	{nil, beginUndo},
	{start{intend}, endUndone},
	{start{intend, conclude}, endUndone},
	{start{intend}, endBlocked},
}

// TestCutAtCommit cuts the connection around COMMIT. Whether the transaction was
// carried out or not, the caller gets a transient fault, and its repeat makes
// everything as if the first call had been answered: nothing doubled, nothing lost.
func TestCutAtCommit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		how   lose
		times int
	}{
		{"TheReplyIsLost", replyLost, 200},
		{"TheCommitIsLost", commitLost, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dsn := dbtest.Postgres(t)
			s := newStage(t, dsn)
			p, through := newProxy(t, dsn)
			db := dbtest.Open(t, through, database.Options{MaxConns: 1})
			for i := range tt.times {
				c, k := cutCalls[i%len(cutCalls)], s.freshKey()
				var want ledger
				for _, o := range c.before {
					require.Equal(t, want.take(o, "0"), o.run(t.Context(), s.plain, k, "0"))
				}
				unchanged := want
				p.armed.Store(int32(tt.how))
				require.Equal(t, "transient UNAVAILABLE", c.call.run(t.Context(), db, k, "a"), "%s %v", c.call, c.before)
				require.EqualValues(t, i+1, p.cuts[tt.how].Load(), "the connection must break at COMMIT")

				if tt.how == replyLost {
					want.take(c.call, "a")
				}
				got, err := s.observe(t.Context(), k)
				require.NoError(t, err)
				require.Equal(t, want, got, "%s %v", c.call, c.before)

				answer := want.take(c.call, "a")
				require.Equal(t, answer, c.call.run(t.Context(), db, k, "a"), "%s %v", c.call, c.before)
				got, err = s.observe(t.Context(), k)
				require.NoError(t, err)
				require.Equal(t, want, got, "%s %v", c.call, c.before)
				once := unchanged
				once.take(c.call, "a")
				require.Equal(t, once, got, "as if nothing had been lost")
			}
			t.Logf("%d connections cut", p.cuts[tt.how].Load())
		})
	}
}
