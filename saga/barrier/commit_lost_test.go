package barrier_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

// cutCall is a call whose connection breaks at its COMMIT, and the state before it.
type cutCall struct {
	before start
	call   op
}

var cutCalls = []cutCall{
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
				s.cutAt(t, db, p, tt.how, cutCalls[i%len(cutCalls)])
				require.EqualValues(t, i+1, p.cuts[tt.how].Load(), "the connection must break at COMMIT")
			}
			t.Logf("%d connections cut", p.cuts[tt.how].Load())
		})
	}
}

// cutAt makes one call whose connection breaks, and repeats it.
func (s *stage) cutAt(t *testing.T, db *gorm.DB, p *proxy, how lose, c cutCall) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hopeless)
	defer cancel()
	k := s.freshKey()
	var before ledger
	for _, o := range c.before {
		require.Equal(t, before.take(o, "0"), o.run(ctx, s.plain, k, "0"))
	}
	once := before // as if nothing had been lost
	once.take(c.call, "a")

	p.armed.Store(int32(how))
	require.Equal(t, "transient UNAVAILABLE", c.call.run(ctx, db, k, "a"), "%s %v", c.call, c.before)
	got, err := s.observe(ctx, k)
	require.NoError(t, err)
	want := before
	if how == replyLost {
		want = once
	}
	require.Equal(t, want, got, "after the cut: %s %v", c.call, c.before)

	require.Equal(t, want.take(c.call, "a"), c.call.run(ctx, db, k, "a"), "%s %v", c.call, c.before)
	got, err = s.observe(ctx, k)
	require.NoError(t, err)
	require.Equal(t, once, got, "after the repeat: %s %v", c.call, c.before)
}
