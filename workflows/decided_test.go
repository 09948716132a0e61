package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/workflows"
)

// A saga that begins anew, as after a reset to the beginning, learns the decision of
// the earlier run, and the waivers, from the record.

func (b *testBundle) anew(t *testing.T, undo bool) *testBundle {
	t.Helper()
	c := b.again(t)
	c.in.Undo = undo
	return c
}

// loseInUndo runs the workflow until the undo of a step hangs, and loses it there.
func (b *testBundle) loseInUndo(t *testing.T) {
	t.Helper()
	b.env.SetWorkflowRunTimeout(5 * time.Minute)
	b.env.ExecuteWorkflow(workflows.PlaceOrder, b.in)
	require.Error(t, b.env.GetWorkflowError())
	require.Equal(t, order.Pending, b.record(t).Status)
	require.Equal(t, inventory.Released, b.stock(t), "the other branch is undone")
}

// stock is how the order's reservation stands.
func (b *testBundle) stock(t *testing.T) inventory.State {
	t.Helper()
	all, err := b.Inventory.Reservations(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0].State
}

func TestARunAfterAWaiverLeavesTheWaivedStepAlone(t *testing.T) {
	t.Parallel()

	for how, undo := range map[string]bool{"AfterAReset": false, "InUndoMode": true} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			b := stuck(t, "inventory.reserve.undo")
			b.env.RegisterDelayedCallback(func() { b.skip(t, "inventory.reserve", "") }, time.Hour)
			waivers := b.run(t).Waivers
			require.Len(t, waivers, 1)

			again := b.anew(t, undo) // the undo would succeed now
			v := again.decide(t)
			require.Equal(t, order.Undeliverable, v.Reason)
			require.Equal(t, inventory.Held, again.stock(t), "it was put back by hand, and would be a second time")
			require.Equal(t, waivers, v.Waivers)
			require.Contains(t, states(v), "inventory.reserve=waived")
			require.False(t, v.NeedsAttention)
		})
	}
}

// The step was waived without ever having taken effect. A reset to the beginning does
// not take it: it would never be undone.
func TestARunAfterAWaiverTakesNothingAnew(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.Bind(away{away{b.env, "payment.authorize"}, "payment.authorize.undo"})
	b.env.RegisterDelayedCallback(func() { b.skip(t, "payment.authorize", "nothing is there") }, 2*time.Hour)
	require.Len(t, b.run(t).Waivers, 1)

	again := b.anew(t, false) // the provider would answer now
	v := again.decide(t)
	require.Equal(t, order.Deadline, v.Reason)
	require.False(t, v.NeedsAttention)
	paid, err := again.Payments.Payments(t.Context())
	require.NoError(t, err)
	require.Empty(t, paid, "no money is held")
}

func TestARunThatWasLostInItsUndoHasLeftItsReason(t *testing.T) {
	t.Parallel()

	for how, undo := range map[string]bool{"AfterAReset": false, "InUndoMode": true} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			b := stuck(t, "payment.authorize.undo")
			b.loseInUndo(t)
			require.Equal(t, order.Undeliverable, b.record(t).Decided)

			again := b.anew(t, undo)
			v := again.run(t)
			require.Equal(t, order.Undeliverable, v.Reason, "the first one, not what its undo looks like")
			require.False(t, v.NeedsAttention)
			require.False(t, again.record(t).NeedsAttention())
		})
	}
}

// A reason that is a bug is no peace: it stays flagged, by the step that it was.
func TestARunThatABugHasDecidedStaysFlagged(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.Bind(away{buggy{b.env, "shipping.book"}, "payment.authorize.undo"})
	b.loseInUndo(t)
	require.Equal(t, order.Internal, b.record(t).Decided)

	again := b.anew(t, false)
	v := again.run(t)
	require.Equal(t, order.Internal, v.Reason)
	require.True(t, v.NeedsAttention)
	attention := again.record(t).Attention
	require.Len(t, attention, 1)
	require.Equal(t, "shipping.book", attention[0].Step)
	require.Equal(t, fault.Mismatch, attention[0].Code)
}

// A run that knows why it ends does not hide that an earlier one did not, although
// that one was lost before its flag was noted.
func TestAReasonThatNobodyKnewStaysFlagged(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.in.Placement.PaymentToken = "tok_declined"
	id := b.in.OrderID
	_, err := b.Orders.Create(t.Context(), key.New(id, "order.create"), b.in.Placement)
	require.NoError(t, err)
	_, err = b.Orders.Decide(t.Context(), key.New(id, "order.decide"), order.Decision{Reason: order.Internal})
	require.NoError(t, err)
	v := b.run(t)
	require.Equal(t, order.Internal, v.Reason)
	require.Len(t, v.Attention, 1)
	require.Equal(t, "order.decide", v.Attention[0].Step)
	require.Equal(t, fault.Internal, v.Attention[0].Code)
}

// The record has no reason: the stock was released behind the saga's back.
func TestAnUndoThatNobodyHasDecidedIsFlagged(t *testing.T) {
	t.Parallel()

	b := setup(t)
	require.NoError(t, b.Inventory.Release(t.Context(), key.New(b.in.OrderID, "inventory.reserve")))
	v := b.run(t)
	require.Equal(t, order.Internal, v.Reason)
	require.Len(t, v.Attention, 1)
	require.Equal(t, "inventory.reserve", v.Attention[0].Step)
	require.Equal(t, fault.Suspended, v.Attention[0].Code)
}

// The payment database contradicts itself and the provider about the capture, as no restored copy
// does. The settle does not say that nothing was taken, so nothing is undone.
func TestAConfirmedOrderIsNotUndoneOnBooksThatLie(t *testing.T) {
	t.Parallel()

	b := setup(t)
	require.Equal(t, order.Confirmed, b.run(t).Status)
	require.NoError(t, b.Damage(t.Context(), "payment", "DELETE FROM barrier WHERE step = 'payment.capture'"))

	again := b.anew(t, true)
	again.env.SetWorkflowRunTimeout(time.Hour)
	var v workflows.OrderView
	again.env.RegisterDelayedCallback(func() {
		value, err := again.env.QueryWorkflow(workflows.QueryOrder)
		require.NoError(t, err)
		require.NoError(t, value.Get(&v))
	}, 30*time.Minute)
	again.env.ExecuteWorkflow(workflows.PlaceOrder, again.in)
	require.Error(t, again.env.GetWorkflowError(), "it does not end")
	require.Len(t, v.Attention, 1)
	require.Equal(t, "payment.capture", v.Attention[0].Step)
	require.Equal(t, payment.NothingAuthorized, v.Attention[0].Code)
	for _, s := range v.Steps {
		require.NotContains(t, []saga.State{saga.Undoing, saga.Undone}, s.State, s.Name)
	}
	require.Equal(t, inventory.Committed, again.stock(t))
}
