package continued_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/testsuite"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/shipping/carrier"
)

// lane runs one continuation after the other.
type lane struct {
	shop     *shoptest.Shop
	env      *testsuite.TestActivityEnvironment
	frontend *frontend
	asked    order.Placement // of the history's order
}

func newLane(t *testing.T) *lane {
	t.Helper()
	l := &lane{shop: shoptest.NewForOne(t)}
	l.shop.Faults = shoptest.Faults{
		OneByOne: true,
		Provider: func(p provider.Provider) provider.Provider { return hurriedProvider{p} },
		Carrier:  func(c carrier.Carrier) carrier.Carrier { return hurriedCarrier{c} },
	}
	l.shop.Requests = func(context.Context, string) (order.Placement, error) { return l.asked, nil }
	require.NoError(t, l.shop.Snapshot(t.Context()))
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet)
	l.env = suite.NewTestActivityEnvironment()
	l.shop.Bind(l.env)
	l.frontend = newFrontend(t, l.shop)
	return l
}

// errAnotherWorld says that a history was not recorded in this world.
var errAnotherWorld = errors.New("the world does not answer as it did")

// earlier says how far the runs before a reset got afterwards. A history does not
// tell: it continues where its run was reset to.
type earlier string

const (
	theyEnded   earlier = "the runs before it ended"
	theyHeld    earlier = "the runs before it got as far as the pivot"
	theyHung    earlier = "the runs before it hung in their undo"
	theyStopped earlier = "the runs before it got no further" // than the point of their reset, or their first step
)

// live takes the run that was reset that far.
func (b earlier) live(ctx context.Context, e *engine) error {
	switch b {
	case theyEnded:
		return e.goOn(ctx, "")
	case theyHeld:
		return e.goOn(ctx, pivot)
	case theyHung:
		if err := e.goOn(ctx, void); err != nil {
			return err
		}
		for _, a := range e.activities {
			if a.GetActivityType().GetName() == void {
				a.due = a.due.Add(time.Hour) // the other branches are undone first
			}
		}
		return e.goOn(ctx, void)
	case theyStopped:
	}
	return nil
}

// void is the undo that hangs when the provider does not answer.
const void = "payment.authorize.undo"

// rebuild performs in a fresh shop the steps of a history, with the recorded
// inputs, in the order in which they ended. It fails with [errAnotherWorld] if the
// shop answers differently.
func (l *lane) rebuild(ctx context.Context, c cut, before earlier) error {
	if err := l.shop.Reset(ctx); err != nil {
		return err
	}
	l.asked = c.input.Placement
	if c.resumes() {
		gone, err := c.gone()
		if err != nil {
			return err
		}
		e := gone.resume(l, "gone")
		if err := e.goOn(ctx, "catalog.quote"); err != nil { // an order that is not even known is not resumed
			return err
		}
		if err := before.live(ctx, e); err != nil {
			return err
		}
	}
	return l.repeat(ctx, c, func(upTo cut) error { return before.live(ctx, upTo.resume(l, "earlier")) })
}

// repeat performs the steps of a history, with the recorded inputs, in the order in which
// they ended. restarted is called where a run was reset or lost, with the history up to
// there; nil: none was.
func (l *lane) repeat(ctx context.Context, c cut, restarted func(upTo cut) error) error {
	scheduled := map[int64]call{}
	for i, event := range c.events {
		var err error
		switch event.GetEventType() {
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			a := event.GetActivityTaskScheduledEventAttributes()
			scheduled[event.GetEventId()] = call{a.GetActivityType().GetName(), a.GetInput()}
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
			a := event.GetActivityTaskCompletedEventAttributes()
			err = l.again(ctx, scheduled[a.GetScheduledEventId()], a.GetResult(), nil)
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED:
			a := event.GetActivityTaskFailedEventAttributes()
			err = l.again(ctx, scheduled[a.GetScheduledEventId()], nil, a.GetFailure())
		case enumspb.EVENT_TYPE_MARKER_RECORDED:
			if input, ok := c.locals[event.GetEventId()]; ok {
				var name string
				var failure *failurepb.Failure
				if name, failure, err = local(event); err == nil {
					err = l.again(ctx, call{name, input}, event.GetMarkerRecordedEventAttributes().GetDetails()["result"], failure)
				}
			}
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED, enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
			if restarted != nil && (isReset(event) || isLost(event)) {
				at := c.events[i-1].GetEventTime().AsTime() // start of its last task
				err = restarted(cut{golden: c.golden, events: c.events[:i-1], at: at})
			}
		default: // an attempt that timed out or was canceled never reached its service in these histories
		}
		if err != nil {
			return fmt.Errorf("event %d: %w", event.GetEventId(), err)
		}
	}
	return nil
}

// call is a call of an activity.
type call struct {
	name  string
	input *commonpb.Payloads
}

// again performs an activity that ended, until it ends the same way.
func (l *lane) again(ctx context.Context, a call, result *commonpb.Payloads, failure *failurepb.Failure) error {
	name := a.name
	if failure == nil {
		return l.same(ctx, name, a.input, result)
	}
	code := failure.GetApplicationFailureInfo().GetType()
	if !failure.GetApplicationFailureInfo().GetNonRetryable() {
		return nil // stopped between two attempts: it did not arrive
	}
	if code == "REQUEST_MISMATCH" {
		if err := l.contradict(name, a.input); err != nil {
			return err
		}
	}
	done, err := l.retried(name, a.input)
	if err != nil {
		return err
	}
	if got := done.failure.GetApplicationFailureInfo().GetType(); got != code {
		return fmt.Errorf("%w: %s was refused with %s, now %q", errAnotherWorld, name, code, got)
	}
	return nil
}

// same performs an activity that succeeded. It compares only the deciding part of
// the answer: the rest has times and numbers of its own.
func (l *lane) same(ctx context.Context, name string, input, result *commonpb.Payloads) error {
	done, err := l.retried(name, input)
	if err != nil {
		return err
	}
	if done.failure != nil {
		return fmt.Errorf("%w: %s succeeded, now %s", errAnotherWorld, name, done.failure.GetMessage())
	}
	var was, is struct {
		Happened bool
		Output   json.RawMessage
	}
	if err := errors.Join(decode(result, &was), decode(done.result, &is)); err != nil {
		return err
	}
	if was.Happened != is.Happened {
		return fmt.Errorf("%w: that the pivot happened was %t, is %t", errAnotherWorld, was.Happened, is.Happened)
	}
	if name != activities.CreateOrder.Name {
		return nil
	}
	var known, found order.Record
	if err := errors.Join(json.Unmarshal(was.Output, &known), json.Unmarshal(is.Output, &found)); err != nil {
		return err
	}
	switch {
	case known.Against() == found.Against():
		return nil
	case known.Against() != "" && found.Status == order.Pending && found.Against() == "":
		// By a run of which nothing else is known.
		_, err = l.shop.Orders.Decide(ctx, key.New(found.ID, activities.DecideOrder.Name), order.Decision{Reason: known.Against()})
		return err
	}
	return fmt.Errorf("%w: the order was decided against for %q, is for %q", errAnotherWorld, known.Against(), found.Against())
}

// insist performs a step that succeeded.
func (l *lane) insist(name string, input *commonpb.Payloads) error {
	done, err := l.retried(name, input)
	if err == nil && done.failure != nil {
		err = fmt.Errorf("%w: %s succeeded, now %s", errAnotherWorld, name, done.failure.GetMessage())
	}
	return err
}

// retried makes attempts until one is final.
func (l *lane) retried(name string, input *commonpb.Payloads) (outcome, error) {
	for range 20 {
		done, err := l.perform(name, input)
		if err != nil || done.final() {
			return done, err
		}
		l.shop.Skip(time.Minute) // a late answer arrives by then
	}
	return outcome{}, fmt.Errorf("%w: %s never ends", errAnotherWorld, name)
}

// contradictions are requests that no golden history makes.
var contradictions = map[string]string{
	"inventory.reserve": `{"lines":[{"sku":"TEA","quantity":7}]}`,
}

// contradict uses a step's key for another request.
func (l *lane) contradict(name string, input *commonpb.Payloads) error {
	other, ok := contradictions[name]
	if !ok {
		return fmt.Errorf("no other request of %s is known: add one to contradictions", name)
	}
	var call map[string]json.RawMessage
	if err := decode(input, &call); err != nil {
		return err
	}
	call["input"] = json.RawMessage(other)
	altered, err := encode(call)
	if err != nil {
		return err
	}
	return l.insist(name, altered)
}
