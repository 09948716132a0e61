package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// stuck lets an order be refused by the carrier, and the undo of one step fail.
func stuck(t *testing.T, undo string) *testBundle {
	t.Helper()
	b := setup(t)
	b.in.Placement.ShipTo.PostalCode = "00000"
	b.Bind(away{b.env, undo})
	return b
}

func (b *testBundle) record(t *testing.T) order.Record {
	t.Helper()
	rec, err := b.Orders.Get(t.Context(), b.in.OrderID)
	require.NoError(t, err)
	return rec
}

// skip waives a step, now.
func (b *testBundle) skip(t *testing.T, step, reference string) {
	t.Helper()
	b.env.UpdateWorkflow(saga.UpdateRepair, "", &testsuite.TestUpdateCallback{
		OnAccept:   func() {},
		OnReject:   func(err error) { require.NoError(t, err) },
		OnComplete: func(_ any, err error) { require.NoError(t, err) },
	}, saga.RepairRequest{
		Saga: b.in.OrderID, Step: step, Action: saga.Skip, Reason: "gone", Operator: "op_1", Reference: reference,
	})
}

func TestAWaivedUndoIsInTheRecordAndInTheInvariants(t *testing.T) {
	t.Parallel()

	for step, owed := range map[string]string{"inventory.reserve": "stock held: 3 units", "payment.authorize": "money held: 126.00 EUR"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			b := stuck(t, step+".undo")
			b.env.RegisterDelayedCallback(func() {
				rec := b.record(t)
				require.Equal(t, order.Pending, rec.Status)
				require.Len(t, rec.Attention, 1, "listed while it is stuck")
				require.Equal(t, step, rec.Attention[0].Step)
				require.Equal(t, owed, rec.Attention[0].Owed)
				b.skip(t, step, "TICKET-7")
			}, time.Hour)
			v := b.run(t) // which checks the invariants
			require.Equal(t, order.Cancelled, v.Status)
			require.Equal(t, order.Undeliverable, v.Reason)
			require.False(t, v.NeedsAttention)
			require.Len(t, v.Waivers, 1)
			require.Len(t, v.Repairs, 1)

			rec := b.record(t)
			require.False(t, rec.NeedsAttention())
			want := ledger.Waiver{
				Step: step, Code: "INTERNAL", Owed: owed, Reason: "gone", Operator: "op_1", Reference: "TICKET-7", At: rec.Waivers[0].At,
			}
			require.Equal(t, []ledger.Waiver{want}, rec.Waivers)
		})
	}
}

func TestAnOrderThatHealsIsUnlisted(t *testing.T) {
	t.Parallel()

	listed := func(b *testBundle) (ids []string) {
		page, err := b.Orders.List(t.Context(), order.Filter{NeedsAttention: true, Limit: 10})
		require.NoError(t, err)
		for _, o := range page {
			ids = append(ids, o.ID)
		}
		return ids
	}
	b := setup(t)
	b.Bind(away{b.env, "shipping.book"})
	b.env.RegisterDelayedCallback(func() {
		require.Equal(t, []string{b.in.OrderID}, listed(b), "before the pivot too")
		b.Bind(b.env)
	}, 5*time.Minute)
	require.Equal(t, order.Confirmed, b.run(t).Status)
	require.Empty(t, listed(b))
}

// A bug stays listed after the order is closed.
func TestABugStaysListed(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.Bind(buggy{b.env, "shipping.book"})
	v := b.run(t)
	require.Equal(t, order.Internal, v.Reason)
	require.True(t, v.NeedsAttention)
	rec := b.record(t)
	require.Len(t, rec.Attention, 1)
	require.Equal(t, fault.Bug, rec.Attention[0].Kind)
}
