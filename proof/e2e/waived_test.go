package e2e_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	sdkworker "go.temporal.io/sdk/worker"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/workflows"
)

// lazy flags a step soon and then hardly retries it. An attempt that this machine is late with
// must not be among those.
var lazy = saga.Timing{
	StartToClose: 2 * time.Second, LocalStartToClose: 500 * time.Millisecond,
	RetryInitial: 50 * time.Millisecond, RetryMax: 10 * time.Minute,
	ParkAfter: 2 * time.Second, ParkedRetry: time.Hour,
}

// unvoidable is an order that was cancelled while the provider gives no answer and
// cannot void its hold.
func unvoidable(t *testing.T, timing saga.Timing) (*platform, *outside, string) {
	t.Helper()
	p := newPlatform(t, 10*time.Minute)
	money, _ := p.through(t, timing)
	id := p.placeHeld(t, placement())
	p.settled(t, id)
	money.mute.Store(true)
	p.wish(t, id)
	p.start(t, "shipping")
	a := stuckAt(t, id, "payment.authorize")
	require.Equal(t, fault.Unknown, a.Kind)
	require.Equal(t, payment.ProviderTimeout, a.Code)
	require.Equal(t, "money held: 126.00 EUR", a.Owed)
	return p, money, id
}

func skipVoid(id, reference string) saga.RepairRequest {
	return saga.RepairRequest{
		Saga: id, Step: "payment.authorize", Action: saga.Skip, Reason: "the provider is gone", Operator: "op_1", Reference: reference,
	}
}

func retryVoid(id string) saga.RepairRequest {
	return saga.RepairRequest{Saga: id, Step: "payment.authorize", Action: saga.Retry, Reason: "it is back", Operator: "op_1"}
}

func requireRefused(t *testing.T, want fault.Code, err error) {
	t.Helper()
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.Equal(t, string(want), app.Type())
}

// updates returns the number of updates in the history of the order's newest run.
func updates(t *testing.T, id string) (n int) {
	t.Helper()
	h, err := replay.FromServer(t.Context(), server.Client, workflows.WorkflowID(id), "")
	require.NoError(t, err)
	for _, e := range h.Events.GetEvents() {
		if e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED {
			n++
		}
	}
	return n
}

func TestAVoidThatIsLostIsWaivedWithAReference(t *testing.T) {
	t.Parallel()

	p, _, id := unvoidable(t, impatient)
	before := updates(t, id)
	_, err := repair(t, skipVoid(id, ""))
	requireRefused(t, saga.ReferenceMissing, err)
	require.Equal(t, before, updates(t, id), "a refusal leaves no trace")

	r, err := repair(t, skipVoid(id, "TICKET-7"))
	require.NoError(t, err)
	require.Equal(t, saga.Waived, r.Step.State)
	require.Equal(t, "TICKET-7", r.Waiver.Reference)
	require.Equal(t, payment.ProviderTimeout, r.Waiver.Code)
	require.Equal(t, "money held: 126.00 EUR", r.Waiver.Owed)

	v := p.recovered(t, id)
	require.Equal(t, cancelled, v.Status)
	require.Equal(t, order.CustomerRequest, v.Reason)
	require.Len(t, v.Waivers, 1)
	require.Len(t, v.Repairs, 1)
	rec, err := p.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "TICKET-7", rec.Waivers[0].Reference)
	book, err := p.Provider.Book(t.Context())
	require.NoError(t, err)
	require.Equal(t, provider.Authorized, book[0].State, "it is not tried any more")
}

func TestARetryRecoversAtOnce(t *testing.T) {
	t.Parallel()

	p, money, id := unvoidable(t, lazy) // without it the next attempt is in ten minutes
	money.mute.Store(false)
	r, err := repair(t, retryVoid(id))
	require.NoError(t, err)
	require.Nil(t, r.Waiver)
	require.Equal(t, cancelled, p.recovered(t, id).Status)
}

// A reset run finds the waiver in the order's record, although the engine cannot
// hand it the repair: it does not undo again what an operator has settled by hand,
// even if it could by now.
func TestAResetAfterAWaiverLeavesTheWaivedStepAlone(t *testing.T) {
	t.Parallel()

	p, money, id := unvoidable(t, impatient)
	_, err := repair(t, skipVoid(id, "TICKET-7"))
	require.NoError(t, err)
	p.recovered(t, id)
	money.mute.Store(false) // from now on the provider voids it
	ledgers := p.ledgers(t)

	points := resetPoints(t, id)
	learns, waives := points.before(t, id, "order.decide"), points.before(t, id, saga.UpdateRepair)
	require.Less(t, learns, waives)
	beginning := points.events[0] // a run from there learns from the record that it may take nothing
	taken := 0
	for _, event := range points.events {
		if learns < event && event <= waives {
			continue
		}
		v := result(t, id, reset(t, id, points.run, event))
		at := fmt.Sprintf("reset to event %d", event)
		require.Equal(t, cancelled, v.Status, at)
		require.Equal(t, order.CustomerRequest, v.Reason, at)
		require.Equal(t, saga.Waived, stateOf(v, "payment.authorize"), at)
		require.Len(t, v.Waivers, 1, at)
		require.Equal(t, "TICKET-7", v.Waivers[0].Reference, at)
		require.Equal(t, ledgers, p.ledgers(t), at)
		require.NoError(t, p.Check(t.Context()), at)
		if beginning < event && event <= learns && v.NeedsAttention {
			// It took the step again, and cannot tell whether that effect is the
			// waived one.
			require.Len(t, v.Attention, 1, at)
			require.Equal(t, saga.TakenAfterWaiver, v.Attention[0].Code, at)
			require.Equal(t, []string{id}, p.listed(t), at)
			taken++
			continue
		}
		require.False(t, v.NeedsAttention, at)
		require.Empty(t, p.listed(t), at)
	}
	require.Positive(t, taken)

	// Between the two an undo was under way that was not waived yet: the engine
	// repeats its attempts. It ends as before.
	for _, event := range points.events {
		if event <= learns || waives < event {
			continue
		}
		v := result(t, id, reset(t, id, points.run, event))
		require.Equal(t, order.CustomerRequest, v.Reason)
		require.Len(t, v.Waivers, 1)
		require.Equal(t, "TICKET-7", v.Waivers[0].Reference)
		require.False(t, v.NeedsAttention)
		require.NoError(t, p.Check(t.Context()))
	}
}

// heldUp is an inventory whose first release seems to fail for good, and whose
// next one is slow.
type heldUp struct {
	inventory.Service
	failed, entered, let *sync.Once
	inside, gate         chan struct{}
}

func (h heldUp) Release(ctx context.Context, k saga.Key) error {
	first := false
	h.failed.Do(func() { first = true })
	if first {
		return fault.Errorf(fault.Bug, fault.Conflict, "it cannot be")
	}
	h.entered.Do(func() { close(h.inside) })
	<-h.gate
	return h.Service.Release(ctx, k)
}

func (h heldUp) letGo() { h.let.Do(func() { close(h.gate) }) }

// The engine does not stop an attempt that is under way: it may take effect after
// an operator gave up on it. So the skip waits for it, and its success counts.
func TestASkipWaitsForTheAttemptUnderWay(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	slow := saga.DefaultTiming()
	slow.StartToClose = time.Minute // the attempt does not time out meanwhile
	p.restartOrder(t, slow, nil, nil)
	id := p.placeHeld(t, placement())
	p.stop("inventory")
	h := heldUp{p.Inventory, &sync.Once{}, &sync.Once{}, &sync.Once{}, make(chan struct{}), make(chan struct{})}
	w := sdkworker.New(server.Client, p.queues["inventory"], sdkworker.Options{DisableWorkflowWorker: true})
	activities.BindInventory(w, h)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	t.Cleanup(h.letGo)
	p.wish(t, id)
	p.start(t, "shipping")
	stuckAt(t, id, "inventory.reserve")
	<-h.inside

	skip, retry := skipVoid(id, ""), retryVoid(id) // a retry at the same time changes nothing
	skip.Step, retry.Step = "inventory.reserve", "inventory.reserve"
	var answers [2]saga.RepairResult
	var failed [2]error
	var wg sync.WaitGroup
	for i, q := range []saga.RepairRequest{skip, retry} {
		wg.Go(func() { answers[i], failed[i] = repair(t, q) })
	}
	eventually(t, "both are in the history", func() bool { return updates(t, id) == 3 }) // with the cancel
	eventually(t, "it is not given up", func() bool { return stateOf(ask(t, id), "inventory.reserve") == saga.Flagged })
	h.letGo()
	wg.Wait()
	for i := range answers {
		require.NoError(t, failed[i])
		require.Equal(t, saga.Undone, answers[i].Step.State)
		require.Nil(t, answers[i].Waiver)
	}
	v := p.recovered(t, id)
	require.Empty(t, v.Waivers)
	require.Len(t, v.Repairs, 2)
}
