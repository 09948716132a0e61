package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/workflows"
)

// missShipping lets the parcels wait until somebody must look, before the pivot.
func missShipping(t *testing.T, p *platform, id string) {
	t.Helper()
	stuckAt(t, id, "shipping.book")
	p.start(t, "shipping")
}

// unableToVoid cancels while the provider is mute.
func unableToVoid(t *testing.T, p *platform, id string) *outside {
	t.Helper()
	p.reaches(t, id, "shipping.book", saga.Running)
	money := &outside{}
	money.mute.Store(true)
	p.Faults.Provider = func(known provider.Provider) provider.Provider { return mutedProvider{known, money} }
	p.stop("payment")
	p.start(t, "payment")
	p.wish(t, id)
	p.start(t, "shipping")
	stuckAt(t, id, "payment.authorize")
	return money
}

func retryVoiding(t *testing.T, p *platform, id string) {
	t.Helper()
	unableToVoid(t, p, id).mute.Store(false)
	_, err := repair(t, retryVoid(id))
	require.NoError(t, err)
}

func skipVoiding(t *testing.T, p *platform, id string) {
	t.Helper()
	unableToVoid(t, p, id)
	_, err := repair(t, skipVoid(id, "TICKET-7"))
	require.NoError(t, err)
}

// resume terminates the order's workflow, which skips undo, and takes the order
// up in undo mode.
func resume(t *testing.T, p *platform, id string) {
	t.Helper()
	require.NoError(t, server.TerminateWorkflow(t.Context(), workflows.WorkflowID(id), "", "test"))
	rec, err := p.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	_, err = server.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: workflows.WorkflowID(id), TaskQueue: p.queues["order"],
	}, workflows.PlaceOrder, workflows.Input{OrderID: id, Placement: rec.Placement, Undo: true})
	require.NoError(t, err)
}

func resumeBooking(t *testing.T, p *platform, id string) {
	t.Helper()
	p.reaches(t, id, "shipping.book", saga.Running)
	p.settled(t, id)
	resume(t, p, id)
	p.start(t, "shipping")
}

func resumeCommitting(t *testing.T, p *platform, id string) {
	t.Helper()
	p.reaches(t, id, "shipping.book", saga.Running)
	p.settled(t, id)
	p.stop("inventory")
	p.start(t, "shipping")
	p.reaches(t, id, "inventory.commit", saga.Running)
	resume(t, p, id)
	p.start(t, "inventory")
}
