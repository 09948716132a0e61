package repay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/services/order"
)

// The workflow of a refund was lost before it paid, and another request began under its id:
// the order's record would have the amount of the first, and the customer that of the second.
func TestARefundPaysWhatItWasOpenedWith(t *testing.T) {
	t.Parallel()
	c := clinic.New(t)
	id := c.Place(t, "tok_visa").ID
	c.StopRefund(t, id, 7, 2600, false)
	view := c.Refund(t, id, 7, 100)
	require.Equal(t, order.RefundRefused, view.Status)
	rec, err := c.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	require.Zero(t, rec.Refunded)
	require.Len(t, rec.Attention, 1)
	require.Equal(t, []any{fault.Conflict, "r7"}, []any{rec.Attention[0].Code, rec.Attention[0].Saga})
	require.NoError(t, c.Check(t.Context()))
}
