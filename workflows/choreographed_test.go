package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/invoice"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

// An order that a bug has ended without a workflow is acknowledged as any other.
func TestAChoreographedOrderIsAcknowledged(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	id := c.Choreograph(t, "tok_visa")
	_, err := c.Orders.Object(t.Context(), id, course.Objection{Reason: order.Internal, Step: "catalog.quote", Code: fault.Internal})
	require.NoError(t, err)
	c.React(t, nil)
	require.Equal(t, 1, c.Diagnose(t).NeedsAttention)

	v, err := acknowledge(t, c, looked(id, "night"), time.Hour)
	require.NoError(t, err)
	require.Equal(t, []any{order.Cancelled, order.Internal, false}, []any{v.Status, v.Reason, v.NeedsAttention})
	require.Len(t, v.Acknowledgements, 1)
	require.NotEmpty(t, v.Steps)
	report := c.Diagnose(t)
	require.True(t, report.OK, report.Findings)
	require.Zero(t, report.NeedsAttention)
}

// Refunds are sagas of their own, and those of an order without a workflow are the same:
// paid back, told, counted in its record, shown on its invoice, and judged.
func TestAChoreographedOrderIsRefunded(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	id := c.Choreograph(t, "tok_visa")
	c.React(t, nil)
	require.Equal(t, order.RefundDone, c.Refund(t, id, 1, 600).Status)
	require.Equal(t, order.RefundRefused, c.Refund(t, id, 2, 12001).Status, "more than is left")
	rec, err := c.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, []any{order.Confirmed, int64(600)}, []any{rec.Status, rec.Refunded})
	require.NoError(t, c.Check(t.Context()))
	c.React(t, nil) // a fact about a refund sets nothing going
	report := c.Diagnose(t)
	require.True(t, report.OK, report.Findings)

	o, err := read.OfRecord(rec)
	require.NoError(t, err)
	paid, err := c.Payments.Get(t.Context(), id)
	require.NoError(t, err)
	refunds, err := c.Payments.Refunds(t.Context(), id)
	require.NoError(t, err)
	bill, err := invoice.Of(o, paid, refunds)
	require.NoError(t, err)
	require.Equal(t, []any{int64(12600), int64(600), int64(12000), 2, 1},
		[]any{bill.Total.Minor, bill.Credited.Minor, bill.Remaining.Minor, len(bill.Lines), len(bill.Credits)}, "its invoice shows the credit")

	c.StopRefund(t, id, 3, 100, true)
	report = c.Diagnose(t)
	require.True(t, report.OK, report.Findings)
	require.Equal(t, []string{"r3"}, c.Engine.Resumed, "forward, because it was paid back")
	rec, err = c.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, int64(700), rec.Refunded)
}
