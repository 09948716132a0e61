package e2e_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	sdkworker "go.temporal.io/sdk/worker"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// The card is declined while stock is being reserved. That attempt then fails for
// a passing reason, and the engine makes no other, because the saga has been
// decided. The decline is the reason, although the reservation started first.
func TestASiblingThatCannotRetryAnyMoreIsNotTheReason(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	p.stop("payment")
	begun, declined := p.reserveSlowly(t, fault.Errorf(fault.Transient, fault.Unavailable, "the database is busy"))

	body := placement()
	body["payment_token"] = "tok_declined"
	id := p.place(t, "", "", body).order.ID
	<-begun
	p.start(t, "payment")
	eventually(t, "the card is declined", func() bool {
		return stateOf(p.get(t, id).order, "payment.authorize") == saga.Refused
	})
	close(declined)

	v := decided(t, id)
	require.Equal(t, order.PaymentDeclined, v.Reason)
	require.False(t, v.NeedsAttention)
	require.NoError(t, p.Check(t.Context()))
}

// The customer cancels while stock is being reserved, and that attempt finds a
// contradiction. The order ends as the customer wished, but a person must look.
func TestABugOfAStoppedStepIsNotSilent(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	begun, cancelling := p.reserveSlowly(t, fault.Errorf(fault.Bug, fault.Conflict, "stock that is not there"))
	id := p.place(t, "", "", placement()).order.ID
	<-begun
	require.NoError(t, server.CancelWorkflow(t.Context(), workflows.WorkflowID(id), ""))
	eventually(t, "the reservation is to stop", func() bool {
		d, err := server.DescribeWorkflowExecution(t.Context(), workflows.WorkflowID(id), "")
		return err == nil && slices.ContainsFunc(d.GetPendingActivities(), func(a *workflowpb.PendingActivityInfo) bool {
			return a.GetState() == enums.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED
		})
	})
	close(cancelling)

	v := decided(t, id)
	require.Equal(t, order.CustomerRequest, v.Reason)
	require.True(t, v.NeedsAttention)
	require.Equal(t, "inventory.reserve", v.Attention[0].Step)
	require.Equal(t, fault.Conflict, v.Attention[0].Code)
	require.NoError(t, p.Check(t.Context()))
}

// reserveSlowly replaces the inventory's worker by one that signals the begin of
// its first reservation, and whose reservations wait until release is closed and
// then fail.
func (p *platform) reserveSlowly(t *testing.T, failure error) (begun, release chan struct{}) {
	t.Helper()
	p.stop("inventory")
	begun, release = make(chan struct{}), make(chan struct{})
	var first sync.Once
	w := sdkworker.New(server.Client, p.queues["inventory"], sdkworker.Options{
		DisableWorkflowWorker: true, DisableRegistrationAliasing: true, WorkerStopTimeout: 5 * time.Second,
	})
	reserve := func(ctx context.Context, _ saga.Key, _ inventory.ReserveRequest) (inventory.Reservation, error) {
		first.Do(func() { close(begun) })
		select {
		case <-release:
		case <-ctx.Done():
		}
		return inventory.Reservation{}, failure
	}
	saga.Bind(w, activities.ReserveStock, reserve, p.Inventory.Release)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	return begun, release
}
