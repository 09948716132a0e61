package doctor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/saga/audit"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	"github.com/amends/amends/services/order"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	"github.com/amends/amends/workflows/doctor/judge"
)

// choreograph returns a clinic with choreographed orders that have ended in every way.
func choreograph(t *testing.T) *clinic.Clinic {
	t.Helper()
	c := clinic.New(t)
	for _, token := range []string{"tok_visa", "tok_declined", "tok_capture_declined"} {
		c.Choreograph(t, token)
	}
	c.React(t, nil)
	return c
}

// loses returns the loss of every fact of a type that a group is told.
func loses(group, eventType string) func(string, event.Event) bool {
	return func(to string, e event.Event) bool { return to == group && e.Type == eventType }
}

func TestTheDoctorFindsNothingInAHealthyChoreographedShop(t *testing.T) {
	t.Parallel()

	c := choreograph(t)
	id := c.Choreograph(t, "tok_visa")
	require.NoError(t, c.Orders.Nudge(t.Context(), id), "facts that are told again are not told twice")
	c.React(t, nil)
	r := c.Diagnose(t)
	require.True(t, r.OK, r.Findings)
	require.Empty(t, r.Findings)
	require.Equal(t, 4, r.Judged)
	require.Empty(t, c.Engine.Resumed)
}

// A choreographed order stops where a fact was lost. The doctor names it, and reminds its
// services: they go on from there, forward or back.
func TestTheDoctorNudgesAChoreographedOrderThatStopped(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		token string
		lost  func(string, event.Event) bool
		waits string
		want  order.Status
	}{
		"AtItsBeginning":      {"tok_visa", loses("catalog", "amends.order.placed.v1"), "order.placed", order.Cancelled},
		"BeforeItsCapture":    {"tok_visa", loses("payment", "amends.shipping.booked.v1"), "order.placed", order.Cancelled},
		"AfterItsCapture":     {"tok_visa", loses("inventory", "amends.payment.captured.v1"), "order.placed", order.Confirmed},
		"BeforeItIsSettled":   {"tok_declined", loses("payment", "amends.order.abort_asked.v1"), "order.abort_asked", order.Cancelled},
		"BeforeItIsTakenBack": {"tok_capture_declined", loses("inventory", "amends.order.aborted.v1"), "order.aborted", order.Cancelled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := choreograph(t)
			id := c.Choreograph(t, tc.token)
			c.React(t, tc.lost)
			r := c.Diagnose(t)
			require.Equal(t, []audit.Kind{judge.SagaStands}, clinic.Kinds(r), r.Findings)
			require.Equal(t, id, r.Findings[0].Order)
			require.Contains(t, r.Findings[0].Detail, "do not go on from "+tc.waits)
			require.False(t, r.OK, "no service has heard the reminder yet")

			c.Resumed = func() { c.React(t, nil) }
			// The clock of the doctor is two hours ahead, that of the order service is not.
			c.Injure(t, "order", `UPDATE orders SET placement = replace(placement, '"decide_by":"2', '"decide_by":"1') WHERE id = ?`, id)
			r = c.Diagnose(t)
			require.True(t, r.OK, r.Findings)
			require.Equal(t, 1, r.Repaired)
			require.Empty(t, c.Engine.Resumed, "no workflow is started for it")
			require.NoError(t, c.Check(t.Context()))
			rec, err := c.Orders.Get(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, tc.want, rec.Status)
			require.Empty(t, c.Diagnose(t).Findings)
		})
	}
}

// The books of a choreographed order are judged as those of any other. One that is cancelled
// and holds something is reminded of its abort.
func TestTheDoctorHasAChoreographedOrderGiveBackWhatItHolds(t *testing.T) {
	t.Parallel()

	c := choreograph(t)
	id := c.Choreograph(t, "tok_visa")
	c.React(t, loses("payment", "amends.shipping.booked.v1"))
	c.Injure(t, "order", "UPDATE orders SET status = 'CANCELLED', reason = 'DEADLINE', decided = 'DEADLINE', changes = 1 WHERE id = ?", id)
	c.Injure(t, "order", "INSERT INTO order_history VALUES (?, 1, 'PENDING', 'CANCELLED', 'DEADLINE', CURRENT_TIMESTAMP)", id)
	c.Resumed = func() { c.React(t, nil) }
	r := c.Diagnose(t)
	require.Subset(t, clinic.Kinds(r), []audit.Kind{inventoryaudit.StockHeld, paymentaudit.MoneyHeld}, r.Findings)
	require.True(t, r.OK, r.Findings)
	require.NoError(t, c.Check(t.Context()))
}

// A flagged order has a reason for an operator to read, and money that only the provider
// knows of is not decided about by a settle that would be answered from our rows.
func TestTheDoctorLeavesAChoreographedOrderAlone(t *testing.T) {
	t.Parallel()

	c := choreograph(t)
	flagged, blind := c.Choreograph(t, "tok_visa"), c.Choreograph(t, "tok_visa")
	c.React(t, loses("inventory", "amends.payment.captured.v1"))
	c.Injure(t, "order", "UPDATE orders SET needs_attention = TRUE WHERE id = ?", flagged)
	c.Injure(t, "payment", "DELETE FROM barrier WHERE saga = ? AND step = 'payment.capture'", blind)
	r := c.Diagnose(t)
	require.False(t, r.OK)
	for _, f := range r.Findings {
		require.Equal(t, blind, f.Order)
		require.False(t, f.Repairable, f)
	}
	require.Contains(t, r.Findings[0].Detail, "must not be undone")
	rec, err := c.Orders.Get(t.Context(), blind)
	require.NoError(t, err)
	require.Zero(t, rec.Course.Reminders)
}
