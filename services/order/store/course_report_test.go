package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

func aStepThatIsStuckFlagsTheOrder(t *testing.T, b testBundle) {
	b.place(t, "stuck")
	b.heard(t, "stuck")
	r := b.reader(t)
	ctx := event.CausedBy(t.Context(), event.Event{ID: "report"})
	p := course.Report{
		Event: "e1", Holds: course.Money, Flag: ledger.Attention{Step: "inventory.commit", Code: "UNAVAILABLE", Kind: fault.Transient, Since: noted, Owed: "money taken"},
	}
	flagged := func() bool {
		rec, err := b.Get(t.Context(), "stuck")
		require.NoError(t, err)
		return rec.NeedsAttention()
	}
	for range 2 {
		require.NoError(t, b.Reported(ctx, "stuck", p))
		require.True(t, flagged())
	}
	events := r.Events(t)
	require.Len(t, events, 1)
	flags := told.Read(t, order.AttentionChangedFact, events[0]).Attention
	require.Equal(t, []any{"inventory.commit", "money taken: 126.00 EUR"}, []any{flags[0].Step, flags[0].Owed})
	require.Equal(t, string(order.Choreographed), events[0].Style)

	p.Over = true
	require.NoError(t, b.Reported(ctx, "stuck", p))
	require.False(t, flagged())
	require.Equal(t, []string{"order.attention_changed stuck"}, r.Names(t))

	// The end of the order ends its trouble, whatever is still to be reported.
	p.Event, p.Over = "e2", false
	require.NoError(t, b.Reported(ctx, "stuck", p))
	rec, err := b.Complete(ctx, "stuck")
	require.NoError(t, err)
	require.Equal(t, order.Confirmed, rec.Status)
	require.False(t, flagged())
	require.NoError(t, b.Reported(ctx, "stuck", p))
	require.False(t, flagged(), "it is late")
	require.Equal(t, fault.Bug, fault.KindOf(b.Reported(ctx, "nobody", p)))
}
