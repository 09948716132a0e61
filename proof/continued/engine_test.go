package continued_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	protocolpb "go.temporal.io/api/protocol/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	updatepb "go.temporal.io/api/update/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// engine is one run of a workflow, as a server keeps it: its history and the state
// that follows from it. It has a time of its own, and continues any history.
type engine struct {
	lane *lane

	workflowID, runID string
	events            []*historypb.HistoryEvent
	now               time.Time

	wanted     bool                 // a workflow task is due
	scheduled  int64                // the event of the task that waits for a worker; 0: none
	lastTask   int64                // start of the last completed one
	activities map[int64]*activity  // those under way, by the event that scheduled them
	timers     map[int64]*timer     // by the event that started them
	updates    []*updatepb.Request  // not delivered yet
	accepted   map[string]accepted  // updates by id
	outcomes   map[string]*proposal // of updates, by id
	result     *commonpb.Payloads   // once closed
	closed     bool
}

// activity is an activity that has not ended.
type activity struct {
	*historypb.ActivityTaskScheduledEventAttributes

	event    int64
	since    time.Time
	due      time.Time // of the next attempt
	attempt  int32
	canceled int64    // the event that asked to cancel it; 0: none
	done     *outcome // the last worker made this attempt, its answer is on the way
}

type timer struct {
	id    string
	event int64
	fires time.Time
}

// accepted is an update that the workflow handles.
type accepted struct{ event int64 }

// proposal is the outcome of an update.
type proposal struct {
	outcome  *updatepb.Outcome
	rejected bool
}

// resume returns the run that has this history.
func resume(l *lane, workflowID, runID string, history []*historypb.HistoryEvent) *engine {
	e := &engine{
		lane: l, workflowID: workflowID, runID: runID,
		activities: map[int64]*activity{}, timers: map[int64]*timer{}, accepted: map[string]accepted{}, outcomes: map[string]*proposal{},
	}
	for _, event := range history {
		e.now = event.GetEventTime().AsTime()
		e.events = append(e.events, event)
		e.apply(event)
	}
	return e
}

// apply derives the state that follows from an event.
func (e *engine) apply(event *historypb.HistoryEvent) {
	id := event.GetEventId()
	switch event.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
		e.wanted, e.scheduled = false, id
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
		e.scheduled, e.lastTask = 0, event.GetWorkflowTaskCompletedEventAttributes().GetStartedEventId()
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED, enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
		e.scheduled, e.wanted = 0, true

	case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
		at := event.GetEventTime().AsTime()
		e.activities[id] = &activity{
			ActivityTaskScheduledEventAttributes: event.GetActivityTaskScheduledEventAttributes(),
			event:                                id, since: at, due: at.Add(latency), attempt: 1,
		}
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED:
		if a, ok := e.activities[event.GetActivityTaskCancelRequestedEventAttributes().GetScheduledEventId()]; ok {
			a.canceled = id
		}
	case enumspb.EVENT_TYPE_TIMER_STARTED:
		a := event.GetTimerStartedEventAttributes()
		e.timers[id] = &timer{a.GetTimerId(), id, event.GetEventTime().AsTime().Add(a.GetStartToFireTimeout().AsDuration())}
	case enumspb.EVENT_TYPE_TIMER_CANCELED:
		delete(e.timers, event.GetTimerCanceledEventAttributes().GetStartedEventId())
	case enumspb.EVENT_TYPE_TIMER_FIRED:
		delete(e.timers, event.GetTimerFiredEventAttributes().GetStartedEventId())
		e.wanted = true

	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
		e.accepted[event.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetProtocolInstanceId()] = accepted{id}
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED:
		e.wanted = true
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		e.closed, e.result = true, event.GetWorkflowExecutionCompletedEventAttributes().GetResult()
	default:
		if of := activityEnd(event); of != 0 {
			delete(e.activities, of)
			e.wanted = true
		}
	}
}

// activityEnd returns the event that scheduled the activity that ends with this
// event, or 0.
func activityEnd(event *historypb.HistoryEvent) int64 {
	switch event.GetEventType() {
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
		return event.GetActivityTaskCompletedEventAttributes().GetScheduledEventId()
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED:
		return event.GetActivityTaskFailedEventAttributes().GetScheduledEventId()
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
		return event.GetActivityTaskTimedOutEventAttributes().GetScheduledEventId()
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
		return event.GetActivityTaskCanceledEventAttributes().GetScheduledEventId()
	}
	return 0
}

// latency is the duration of everything that takes no time.
const latency = time.Millisecond

// add appends an event to the history.
func (e *engine) add(event *historypb.HistoryEvent) int64 {
	e.now = e.now.Add(time.Microsecond)
	event.EventId = int64(len(e.events)) + 1
	event.EventTime = timestamppb.New(e.now)
	e.events = append(e.events, event)
	e.apply(event)
	return event.EventId
}

// limits of one continuation: one that exceeds them does not end.
const (
	maxEvents = 1000
	maxRounds = 2000
)

// finish continues until the workflow is closed. A workflow task that fails, and a
// saga that has no end, are errors.
func (e *engine) finish(ctx context.Context) error { return e.goOn(ctx, "") }

// goOn continues until the workflow is closed, or an activity of this name is
// about to be performed.
func (e *engine) goOn(ctx context.Context, until string) error {
	for range maxRounds {
		var err error
		switch next := e.next(); {
		case e.closed:
			return nil
		case len(e.events) > maxEvents:
			return fmt.Errorf("the saga has no end: %d events", len(e.events))
		case e.wanted || e.scheduled != 0 || len(e.updates) > 0:
			err = e.task(ctx)
		case next != nil && next.GetActivityType().GetName() == until:
			return nil
		default:
			err = e.advance(next)
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("the saga has no end: %d rounds", maxRounds)
}

// task lets the worker handle a workflow task.
func (e *engine) task(ctx context.Context) error {
	queue := e.events[0].GetWorkflowExecutionStartedEventAttributes().GetTaskQueue()
	if e.scheduled == 0 {
		e.add(&historypb.HistoryEvent{
			EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
			Attributes: &historypb.HistoryEvent_WorkflowTaskScheduledEventAttributes{
				WorkflowTaskScheduledEventAttributes: &historypb.WorkflowTaskScheduledEventAttributes{
					TaskQueue: &taskqueuepb.TaskQueue{Name: queue.GetName()}, Attempt: 1,
				},
			},
		})
	}
	scheduled, since := e.scheduled, e.now
	started := e.add(&historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED,
		Attributes: &historypb.HistoryEvent_WorkflowTaskStartedEventAttributes{
			WorkflowTaskStartedEventAttributes: &historypb.WorkflowTaskStartedEventAttributes{ScheduledEventId: scheduled},
		},
	})
	task := &workflowservice.PollWorkflowTaskQueueResponse{
		WorkflowExecution:          &commonpb.WorkflowExecution{WorkflowId: e.workflowID, RunId: e.runID},
		WorkflowType:               e.events[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType(),
		WorkflowExecutionTaskQueue: &taskqueuepb.TaskQueue{Name: queue.GetName()},
		PreviousStartedEventId:     e.lastTask, StartedEventId: started, Attempt: 1,
		ScheduledTime: timestamppb.New(since), StartedTime: timestamppb.New(e.now),
		History: &historypb.History{Events: slices.Clone(e.events)},
	}
	delivered := map[string]*updatepb.Request{} // by the message
	for _, u := range e.updates {
		body, err := anypb.New(u)
		if err != nil {
			return err
		}
		id := u.GetMeta().GetUpdateId()
		delivered[id] = u
		task.Messages = append(task.Messages, &protocolpb.Message{
			Id: id + "/request", ProtocolInstanceId: id, Body: body,
			SequencingId: &protocolpb.Message_EventId{EventId: started - 1},
		})
	}
	e.updates = nil
	done, err := e.lane.frontend.run(ctx, task)
	if err != nil {
		return err
	}
	return e.completed(scheduled, started, done, delivered)
}

// advance lets the next event happen that is not the worker's: the answer of an
// activity, or a timer.
func (e *engine) advance(next *activity) error {
	var fires *timer
	for _, t := range e.timers {
		if fires == nil || t.fires.Before(fires.fires) || t.fires.Equal(fires.fires) && t.event < fires.event {
			fires = t
		}
	}
	switch {
	case fires != nil && (next == nil || fires.fires.Before(next.due)):
		e.until(fires.fires)
		e.add(&historypb.HistoryEvent{
			EventType: enumspb.EVENT_TYPE_TIMER_FIRED,
			Attributes: &historypb.HistoryEvent_TimerFiredEventAttributes{
				TimerFiredEventAttributes: &historypb.TimerFiredEventAttributes{TimerId: fires.id, StartedEventId: fires.event},
			},
		})
		return nil
	case next != nil:
		e.until(next.due)
		return e.answer(next)
	}
	return errors.New("the saga is stuck: nothing is under way and it is not closed")
}

// next returns the activity whose answer comes next, or nil.
func (e *engine) next() *activity {
	if all := e.ordered(); len(all) > 0 {
		return all[0]
	}
	return nil
}

// ordered returns the activities under way, in the order of their answers.
func (e *engine) ordered() []*activity {
	return slices.SortedFunc(maps.Values(e.activities), func(a, b *activity) int {
		return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.event, b.event))
	})
}

// until lets time pass, here and at the provider.
func (e *engine) until(t time.Time) {
	if passed := t.Sub(e.now); passed > 0 {
		e.now = t
		e.lane.shop.Skip(passed)
	}
}

// ask requests to abort the saga, in one of the two ways.
func (e *engine) ask(update *updatepb.Request) {
	if update != nil {
		e.updates = append(e.updates, proto.CloneOf(update))
		return
	}
	e.add(&historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED,
		Attributes: &historypb.HistoryEvent_WorkflowExecutionCancelRequestedEventAttributes{
			WorkflowExecutionCancelRequestedEventAttributes: &historypb.WorkflowExecutionCancelRequestedEventAttributes{
				Cause: "cut " + strconv.Itoa(len(e.events)),
			},
		},
	})
}
