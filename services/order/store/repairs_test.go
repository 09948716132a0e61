package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

// The waiver of a step stands for the answer of its service.
func aWaiverEndsTheWait(t *testing.T, b testBundle) {
	ctx := t.Context()
	b.place(t, "e-a")
	_, err := b.Object(ctx, "e-a", course.Objection{Reason: order.CustomerRequest})
	require.NoError(t, err)
	_, err = b.Abort(ctx, "e-a", settled)
	require.NoError(t, err)
	rec, err := b.free(ctx, "e-a", "payment")
	require.NoError(t, err)
	require.Equal(t, order.Pending, rec.Status)
	require.NoError(t, b.Note(ctx, note("e-a"), order.Note{At: database.Now(), Waivers: []ledger.Waiver{{Step: "inventory.reserve", Code: "X", At: noted}}}))
	rec, err = b.free(ctx, "e-a", "payment")
	require.NoError(t, err)
	require.Equal(t, order.Cancelled, rec.Status)
}

// An operator gives up on the undo of a step: the other services are asked once more, and
// the first answer ends the order, although all of them had answered before.
func aSkipEndsTheWait(t *testing.T, b testBundle) {
	ctx := t.Context()
	b.place(t, "e-b")
	_, err := b.Object(ctx, "e-b", course.Objection{Reason: order.CustomerRequest})
	require.NoError(t, err)
	_, err = b.Abort(ctx, "e-b", settled)
	require.NoError(t, err)
	_, err = b.free(ctx, "e-b", "payment")
	require.NoError(t, err)
	require.NoError(t, b.Note(ctx, note("e-b"), order.Note{At: database.Now(), Attention: []ledger.Attention{{Step: "inventory.reserve", Code: "X", Since: noted}}}))
	r := b.reader(t)
	rec, err := b.Repair(ctx, "e-b", ledger.Repair{Action: ledger.Skip, Step: "inventory.reserve", Reason: "burnt", Operator: "night"})
	require.NoError(t, err)
	require.Equal(t, []any{order.Pending, 1, 1}, []any{rec.Status, len(rec.Waivers), len(rec.Repairs)})
	require.Equal(t, []string{"order.aborted e-b", "order.attention_changed e-b"}, r.Names(t))
	rec, err = b.free(ctx, "e-b", "payment")
	require.NoError(t, err)
	require.Equal(t, order.Cancelled, rec.Status)
	rec, err = b.Get(ctx, "e-b")
	require.NoError(t, err)
	require.Equal(t, "burnt", rec.Repairs[0].Reason)
}

// Whatever the order waits for is told again, once for each nudge, and a nudge that is not
// told changes nothing.
func aNudgeTellsTheNewestFact(t *testing.T, b testBundle) {
	ctx := t.Context()
	b.place(t, "e-c")
	r := b.reader(t)
	nudged := func(want ...string) {
		t.Helper()
		require.NoError(t, b.Nudge(ctx, "e-c"))
		require.Equal(t, want, r.Names(t))
	}
	nudged("order.placed e-c")
	_, err := b.Object(ctx, "e-c", course.Objection{Reason: order.CustomerRequest})
	require.NoError(t, err)
	r.Events(t)
	nudged("order.abort_asked e-c")
	_, err = b.Abort(ctx, "e-c", settled)
	require.NoError(t, err)
	r.Events(t)
	nudged("order.aborted e-c")
	for _, service := range []string{"payment", "inventory"} {
		_, err = b.free(ctx, "e-c", service)
		require.NoError(t, err)
	}
	r.Events(t)
	nudged("order.aborted e-c")
	rec, err := b.Get(ctx, "e-c")
	require.NoError(t, err)
	require.Equal(t, order.Cancelled, rec.Status)
	due, err := b.Due(ctx, database.Now().Add(time.Hour), "e-b", 1)
	require.NoError(t, err)
	require.NotContains(t, due, "e-c", "the clock has nothing to do for it")

	b.place(t, "e-d")
	b.heard(t, "e-d")
	_, err = b.Complete(ctx, "e-d")
	require.NoError(t, err)
	r.Events(t)
	require.NoError(t, b.Nudge(ctx, "e-d"))
	require.Empty(t, r.Events(t), "it is paid, and has all that it needs")
	b.create(t, "e-e")
	requireFault(t, b.Nudge(ctx, "e-e"), fault.Bug, fault.Conflict)
}
