package e2e_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdkworker "go.temporal.io/sdk/worker"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
)

// The card is declined while stock is being reserved. That attempt then fails
// for a passing reason, and the engine makes no other, because the saga has been
// decided. The decline is the reason, although the reservation started first.
func TestASiblingThatCannotRetryAnyMoreIsNotTheReason(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	p.stop("inventory")
	declined := make(chan struct{})
	w := sdkworker.New(server.Client, p.queues["inventory"], sdkworker.Options{
		DisableWorkflowWorker: true, DisableRegistrationAliasing: true, WorkerStopTimeout: 5 * time.Second,
	})
	saga.Bind(w, activities.ReserveStock, func(ctx context.Context, _ saga.Key, _ inventory.ReserveRequest) (inventory.Reservation, error) {
		select {
		case <-declined:
		case <-ctx.Done():
		}
		return inventory.Reservation{}, fault.Errorf(fault.Transient, fault.Unavailable, "the database is busy")
	}, p.Inventory.Release)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)

	body := placement()
	body["payment_token"] = "tok_declined"
	id := p.place(t, "", "", body).order.ID
	eventually(t, "the card is declined", func() bool {
		return stateOf(p.get(t, id).order, "payment.authorize") == saga.Refused
	})
	close(declined)

	v := decided(t, id)
	require.Equal(t, order.PaymentDeclined, v.Reason)
	require.False(t, v.NeedsAttention)
	require.NoError(t, p.Check(t.Context()))
}
