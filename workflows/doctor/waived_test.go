package doctor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
)

// An operator has settled a waived effect: a resumed saga must not undo it a second
// time.
func TestAResumedSagaLeavesAloneWhatWasWaived(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	id := c.Stopped(t, false)
	waiver := ledger.Waiver{
		Step: "inventory.reserve", Code: "UNAVAILABLE", Owed: "stock", Reason: "handed out at the counter", Operator: "op", At: time.Now().UTC().Truncate(time.Microsecond),
	}
	require.NoError(t, c.Orders.Note(t.Context(), key.New(id, "order.note"), order.Note{At: time.Now(), Waivers: []ledger.Waiver{waiver}}))

	r := c.Diagnose(t)
	require.True(t, r.OK, "%v", r.Findings)
	require.Equal(t, []string{id}, c.Engine.Resumed)
	o, err := c.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, order.Cancelled, o.Status)
	require.Equal(t, []ledger.Waiver{waiver}, o.Waivers)
	all, err := c.Inventory.Reservations(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, inventory.Held, all[0].State, "the waived stock was taken back all the same")
	require.NoError(t, c.Check(t.Context()))
}
