package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// An order that its services do not go on with is taken over by a workflow in undo mode, under
// the same keys: it settles first. The services that hear of it late change nothing any more.
func TestAStandingChoreographedOrderIsTakenOverByAWorkflow(t *testing.T) {
	t.Parallel()

	lost := func(group, eventType string) func(string, event.Event) bool {
		return func(to string, e event.Event) bool { return to == group && e.Type == eventType }
	}
	for name, tc := range map[string]struct {
		token string
		lost  func(string, event.Event) bool
		want  order.Status
		why   order.Reason
	}{
		"AtItsBeginning":      {"tok_visa", lost("catalog", "amends.order.placed.v1"), order.Cancelled, order.Deadline},
		"BeforeItsCapture":    {"tok_visa", lost("payment", "amends.shipping.booked.v1"), order.Cancelled, order.Deadline},
		"AfterItsCapture":     {"tok_visa", lost("inventory", "amends.payment.captured.v1"), order.Confirmed, ""},
		"BeforeItIsConfirmed": {"tok_visa", lost("order", "amends.inventory.committed.v1"), order.Confirmed, ""},
		"BeforeItIsSettled":   {"tok_declined", lost("payment", "amends.order.abort_asked.v1"), order.Cancelled, order.Deadline},
		"BeforeItIsTakenBack": {"tok_capture_declined", lost("inventory", "amends.order.aborted.v1"), order.Cancelled, order.PaymentDeclined},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clinic.New(t)
			id := c.Choreograph(t, tc.token)
			c.React(t, tc.lost)
			rec, err := c.Orders.Get(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, order.Pending, rec.Status)
			rec.Placement.ShipTo, err = c.Orders.Address(t.Context(), id)
			require.NoError(t, err)

			v := c.Saga(t, workflows.Resume(rec))
			require.Equal(t, []any{tc.want, tc.why, order.Choreographed}, []any{v.Status, v.Reason, v.Style})
			require.NoError(t, c.Check(t.Context()))
			c.React(t, nil)
			require.NoError(t, c.Orders.Nudge(t.Context(), id), "whatever the clock does meanwhile")
			c.React(t, nil)
			rec, err = c.Orders.Get(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, []any{tc.want, tc.why}, []any{rec.Status, rec.Reason})
			require.NoError(t, c.Check(t.Context()))
			report := c.Diagnose(t)
			require.True(t, report.OK, report.Findings)
			require.Zero(t, report.NeedsAttention)
		})
	}
}
