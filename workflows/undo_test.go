package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// buggy registers a step that always finds a contradiction, and every other as it is.
type buggy struct {
	saga.Registry
	step string
}

func (b buggy) RegisterActivityWithOptions(f any, o activity.RegisterOptions) {
	if o.Name != b.step {
		b.Registry.RegisterActivityWithOptions(f, o)
		return
	}
	saga.Bind(b.Registry, saga.Step[any, any]{Name: o.Name, Kind: saga.Recorded}, func(context.Context, saga.Key, any) (any, error) {
		return nil, fault.Errorf(fault.Bug, fault.Mismatch, "same key, other request")
	}, nil)
}

// again is the same order's shop with a new workflow, in undo mode: as the doctor
// resumes it, if the order has a record.
func (b *testBundle) again(t *testing.T) *testBundle {
	t.Helper()
	c := setup(t)
	c.Shop, c.in = b.Shop, b.in
	c.in.Undo = true
	if rec, err := b.Orders.Get(t.Context(), b.in.OrderID); err == nil {
		c.in = workflows.Resume(rec)
		require.Empty(t, c.in.Placement.PaymentToken)
	}
	c.Bind(c.env)
	return c
}

// lose runs the workflow until it waits for a step, and loses it there: the effects
// of its services stay.
func (b *testBundle) lose(t *testing.T, at string) {
	t.Helper()
	b.Bind(away{b.env, at})
	b.env.SetWorkflowRunTimeout(5 * time.Minute)
	b.env.ExecuteWorkflow(workflows.PlaceOrder, b.in)
	require.Error(t, b.env.GetWorkflowError())
	require.Equal(t, order.Pending, b.record(t).Status)
	require.Error(t, b.Check(t.Context()))
}

func TestAnOrderWhoseWorkflowIsGoneIsTakenUpInUndoMode(t *testing.T) {
	t.Parallel()

	t.Run("AndCancelledIfNothingWasCaptured", func(t *testing.T) {
		t.Parallel()
		for _, at := range before {
			b := setup(t)
			b.lose(t, at)
			require.Len(t, b.record(t).Attention, 1, "the record outlives the workflow")
			again := b.again(t)
			again.in.Placement.DecideBy = again.env.Now().Add(time.Hour) // undo mode does not wait for it
			v := again.run(t)
			require.Equal(t, order.Cancelled, v.Status)
			require.Equal(t, order.Deadline, v.Reason)
			require.False(t, v.NeedsAttention)
			require.False(t, again.record(t).NeedsAttention(), "healed")
		}
	})

	t.Run("AndConfirmedIfThePaymentWasCaptured", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.lose(t, "inventory.commit")
		v := b.again(t).run(t)
		require.Equal(t, order.Confirmed, v.Status)
		require.Len(t, v.Parcels, 2)
	})

	t.Run("AndStaysAsItIsIfItIsClosed", func(t *testing.T) {
		t.Parallel()
		confirmed, declined := setup(t), setup(t)
		declined.in.Placement.PaymentToken = "tok_capture_declined"
		for _, b := range []*testBundle{confirmed, declined} {
			want := b.run(t)
			v := b.again(t).decide(t)
			require.Equal(t, want.Status, v.Status)
			require.Equal(t, want.Reason, v.Reason, "the record has one already")
		}
	})
}

func TestAnOrderThatABugEndedStaysListedWithThatBug(t *testing.T) {
	t.Parallel()

	for claim, undo := range map[string]bool{"AfterAReset": false, "InUndoMode": true} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.Bind(buggy{b.env, "shipping.book"})
			b.run(t)
			again := b.again(t)
			again.in.Undo = undo
			require.Equal(t, order.Internal, again.decide(t).Reason)
			rec := again.record(t)
			require.Len(t, rec.Attention, 1)
			require.Equal(t, "shipping.book", rec.Attention[0].Step)
			require.Equal(t, fault.Mismatch, rec.Attention[0].Code)
		})
	}
}

// Its record is lost too, for example because the database was restored to an older
// backup. The services' effects are undone, and a record has the end.
func TestUndoModeWritesDownAnOrderThatHasNoRecord(t *testing.T) {
	t.Parallel()

	b := setup(t).again(t)
	v := b.run(t)
	require.Equal(t, order.Cancelled, v.Status)
	require.Equal(t, order.Deadline, v.Reason)
	want := b.in.Placement
	want.PaymentToken, want.ShipTo = "", order.Address{}
	require.Equal(t, want, b.record(t).Placement)
	to, err := b.Orders.Address(t.Context(), b.in.OrderID)
	require.NoError(t, err)
	require.Equal(t, b.in.Placement.ShipTo, to)
}

// An order that is resumed without its placement cannot get a record. Its effects are
// undone all the same, and it is flagged.
func TestUndoModeOfAnOrderThatNobodyKnows(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.in = workflows.Input{OrderID: b.in.OrderID, Undo: true}
	b.env.SetWorkflowRunTimeout(time.Hour)
	var v workflows.OrderView
	b.env.RegisterDelayedCallback(func() {
		value, err := b.env.QueryWorkflow(workflows.QueryOrder)
		require.NoError(t, err)
		require.NoError(t, value.Get(&v))
	}, 30*time.Minute)
	b.env.ExecuteWorkflow(workflows.PlaceOrder, b.in)
	require.Error(t, b.env.GetWorkflowError(), "it does not end")
	require.Len(t, v.Attention, 1)
	require.Equal(t, "order.create", v.Attention[0].Step)
	require.Equal(t, fault.Invalid, v.Attention[0].Code)
	for _, s := range v.Steps {
		if s.Name == "inventory.reserve" || s.Name == "payment.authorize" || s.Name == "shipping.book" {
			require.Equal(t, saga.Undone, s.State, s.Name)
		}
	}
}
