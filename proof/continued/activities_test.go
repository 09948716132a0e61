package continued_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

// outcome is the answer of an attempt of an activity: one of the two fields.
type outcome struct {
	result  *commonpb.Payloads
	failure *failurepb.Failure
}

// final reports whether the engine makes no further attempt.
func (o outcome) final() bool {
	return o.failure == nil || o.failure.GetApplicationFailureInfo().GetNonRetryable()
}

// perform makes an attempt of an activity on the shop.
func (l *lane) perform(name string, input *commonpb.Payloads) (outcome, error) {
	if len(input.GetPayloads()) != 1 {
		return outcome{}, fmt.Errorf("%s has %d arguments", name, len(input.GetPayloads()))
	}
	value, err := l.env.ExecuteActivity(name, json.RawMessage(input.GetPayloads()[0].GetData()))
	if err != nil {
		var app *temporal.ApplicationError
		if !errors.As(err, &app) {
			return outcome{}, fmt.Errorf("perform %s: %w", name, err)
		}
		return outcome{failure: temporal.GetDefaultFailureConverter().ErrorToFailure(app)}, nil
	}
	var raw json.RawMessage
	if err := value.Get(&raw); err != nil {
		return outcome{}, fmt.Errorf("decode the result of %s: %w", name, err)
	}
	result, err := converter.GetDefaultDataConverter().ToPayloads(raw)
	return outcome{result: result}, err
}

// underWay lets the last worker make the next attempt of every scheduled activity:
// it took effect, and its answer is on the way.
func (e *engine) underWay() error {
	for _, a := range e.ordered() {
		done, err := e.lane.perform(a.GetActivityType().GetName(), a.GetInput())
		if err != nil {
			return err
		}
		a.done = &done
	}
	return nil
}

// answer makes the next attempt of an activity, unless it was made before, and
// writes the activity's end if the attempt is final.
func (e *engine) answer(a *activity) error {
	if a.canceled != 0 && a.done == nil {
		e.cancel(a)
		return nil
	}
	done := a.done
	if done == nil {
		made, err := e.lane.perform(a.GetActivityType().GetName(), a.GetInput())
		if err != nil {
			return err
		}
		done = &made
	}
	a.done = nil
	if !done.final() && a.canceled == 0 {
		if wait, ok := a.backoff(e.now); ok {
			a.attempt++
			a.due = e.now.Add(wait)
			return nil
		}
	}
	started := e.add(&historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED,
		Attributes: &historypb.HistoryEvent_ActivityTaskStartedEventAttributes{
			ActivityTaskStartedEventAttributes: &historypb.ActivityTaskStartedEventAttributes{ScheduledEventId: a.event, Attempt: a.attempt},
		},
	})
	if done.failure != nil {
		e.add(&historypb.HistoryEvent{
			EventType: enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED,
			Attributes: &historypb.HistoryEvent_ActivityTaskFailedEventAttributes{
				ActivityTaskFailedEventAttributes: &historypb.ActivityTaskFailedEventAttributes{
					Failure: done.failure, ScheduledEventId: a.event, StartedEventId: started,
				},
			},
		})
		return nil
	}
	e.add(&historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
		Attributes: &historypb.HistoryEvent_ActivityTaskCompletedEventAttributes{
			ActivityTaskCompletedEventAttributes: &historypb.ActivityTaskCompletedEventAttributes{
				Result: done.result, ScheduledEventId: a.event, StartedEventId: started,
			},
		},
	})
	return nil
}

// cancel ends an activity that was asked to end, if no attempt is under way: the
// engine makes no further one.
func (e *engine) cancel(a *activity) {
	if a.done != nil {
		return
	}
	e.add(&historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED,
		Attributes: &historypb.HistoryEvent_ActivityTaskCanceledEventAttributes{
			ActivityTaskCanceledEventAttributes: &historypb.ActivityTaskCanceledEventAttributes{
				ScheduledEventId: a.event, LatestCancelRequestedEventId: a.canceled,
			},
		},
	})
}

// backoff returns how long the engine waits for the next attempt, or false if it
// makes none.
func (a *activity) backoff(now time.Time) (time.Duration, bool) {
	p := a.GetRetryPolicy()
	if most := p.GetMaximumAttempts(); most > 0 && a.attempt >= most {
		return 0, false
	}
	wait, longest := p.GetInitialInterval().AsDuration(), p.GetMaximumInterval().AsDuration()
	for range a.attempt - 1 {
		wait = min(time.Duration(float64(wait)*p.GetBackoffCoefficient()), longest)
	}
	limit := a.GetScheduleToCloseTimeout().AsDuration()
	return wait, limit <= 0 || !now.Add(wait).After(a.since.Add(limit))
}
