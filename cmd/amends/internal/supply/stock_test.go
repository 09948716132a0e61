package supply

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/services/inventory"
	inventoryrpc "github.com/amends/amends/services/inventory/rpc"
)

// An operator who believes that nothing was booked books twice.
func TestABookingThatFailedMayHaveBeenBooked(t *testing.T) {
	t.Parallel()
	require.NoError(t, unsure(nil, "MUG"))
	refused := fault.Errorf(fault.Business, fault.Invalid, "no")
	require.Equal(t, error(refused), unsure(refused, "MUG"))
	err := unsure(fault.Errorf(fault.Transient, fault.Unavailable, "the database cannot be reached"), "MUG")
	require.ErrorContains(t, err, "it may have been booked: look at `amends stock journal MUG`")
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
}

// An operator who believes that something may have been booked searches for it in vain.
func TestACallThatHadNoEffectBookedNothing(t *testing.T) {
	t.Parallel()
	for code, kind := range map[fault.Code]fault.Kind{fault.Denied: fault.Bug, fault.Locked: fault.Transient} {
		err := unsure(fault.Errorf(kind, code, "no"), "MUG")
		require.EqualError(t, err, string(code)+": no; nothing was booked")
		require.Equal(t, code, fault.CodeOf(err))
	}
	lost := unsure(fault.Errorf(fault.Unknown, fault.Locked, "an attempt before this one was lost"), "MUG")
	require.ErrorContains(t, lost, "it may have been booked")

	t.Run("NoInstanceIsKnown", func(t *testing.T) {
		t.Parallel()
		conn, err := rpc.Dial(rpc.DialOptions{Target: "127.0.0.1:1"}) // where nothing listens
		require.NoError(t, err)
		defer conn.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = inventoryrpc.NewClient(conn).Receive(ctx, inventory.Delivery{SKU: "MUG", Warehouse: "BER", Quantity: 1})
		require.EqualError(t, unsure(err, "MUG"), "UNAVAILABLE: the service cannot be reached; nothing was booked")
	})
}
