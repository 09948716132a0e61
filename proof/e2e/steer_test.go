package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/workflows"
)

// missShipping lets the parcels wait until they are flagged, before the pivot.
func missShipping(t *testing.T, p *platform, id string) {
	t.Helper()
	stuckAt(t, id, "shipping.book")
	p.start(t, "shipping")
}

// unableToVoid cancels while the provider is mute.
func unableToVoid(t *testing.T, p *platform, id string) *outside {
	t.Helper()
	p.reaches(t, id, "shipping.book", saga.Running)
	money := p.mute(t)
	p.wish(t, id)
	p.start(t, "shipping")
	stuckAt(t, id, "payment.authorize")
	return money
}

// mute makes the provider stop answering.
func (p *platform) mute(t *testing.T) *outside {
	t.Helper()
	money := &outside{}
	money.mute.Store(true)
	p.Faults.Provider = func(known provider.Provider) provider.Provider { return mutedProvider{known, money} }
	p.stop("payment")
	p.start(t, "payment")
	return money
}

// resetAfterSkip resets to the beginning when the void was waived, and has become
// possible.
func resetAfterSkip(t *testing.T, p *platform, id string) {
	t.Helper()
	money := unableToVoid(t, p, id)
	_, err := repair(t, skipVoid(id, "TICKET-7"))
	require.NoError(t, err)
	decided(t, id)
	money.mute.Store(false)
	resetTo(first)(t, p, id)
}

// resetInMidUndo resets to the beginning when the parcels were refused and the
// stock is given back, but not the money.
func resetInMidUndo(t *testing.T, p *platform, id string) {
	t.Helper()
	p.reaches(t, id, "shipping.book", saga.Running)
	p.settled(t, id)
	money := p.mute(t)
	p.start(t, "shipping")
	stuckAt(t, id, "payment.authorize")
	p.reaches(t, id, "inventory.reserve", saga.Undone)
	at := resetPoints(t, id)
	reset(t, id, at.run, first(at))
	money.mute.Store(false)
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

// resume terminates the order's workflow, which skips undo, and resumes the order
// in undo mode.
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
