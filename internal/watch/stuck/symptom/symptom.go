// Package symptom examines one undecided order, or one refund, at the engine, and names the
// obstacles that keep it from being decided.
package symptom

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/watch/queue"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/repay"
)

// Cause is why an undecided order counts as stuck. It is a metric's label.
type Cause string

// The causes. An order may have several.
const (
	// Late is an order far past its decide-by time that is not flagged.
	Late Cause = "late"
	// NotRunning is an order whose workflow was terminated, has ended, or is gone.
	NotRunning Cause = "not_running"
	// TaskFailing is an order whose workflow code fails.
	TaskFailing Cause = "task_failing"
	// NoWorker is an order that waits on a task queue that no worker polls.
	NoWorker Cause = "no_worker"
	// NotTaken is an order that waits on a queue whose workers take other tasks first.
	NotTaken Cause = "not_taken"
	// Paused is an order whose workflow, or a step of it, an operator has paused at the
	// engine.
	Paused Cause = "paused"
	// Unrecorded is an order that only the engine knows: its workflow runs, and the
	// order service has no record of it.
	Unrecorded Cause = "unrecorded"
	// Unheard is a choreographed order whose services do not go on, and which is not flagged:
	// one of them does not listen, or an event was lost.
	Unheard Cause = "unheard"
)

// Causes are all of them. The caller must not change it.
var Causes = []Cause{Late, NotRunning, TaskFailing, NoWorker, NotTaken, Paused, Unrecorded, Unheard}

// Symptom is one obstacle that keeps an order from being decided.
type Symptom struct {
	Cause  Cause     `json:"cause"`
	Reason string    `json:"reason"` // in words
	Since  time.Time `json:"since"`
}

// Config describes the engine, and the patience with which it is asked.
type Config struct {
	Engine *engine.Client
	Queues []queue.Queue // of all services
	// Grace is how long an unflagged order may be undecided after its decide-by time.
	Grace time.Duration
	// NotTaken is how long a task may wait on its queue.
	NotTaken time.Duration
	Now      time.Time // of the examination
	// Unheard tells which listeners of choreographed orders are far behind; nil: that is not
	// known.
	Unheard func(ctx context.Context) (Silence, error)
}

// Order is an undecided order, reduced to the fields that an examination needs.
type Order struct {
	ID                 string
	PlacedAt, DecideBy time.Time
	Flagged            bool
	// Unrecorded is the workflow id of an order without a record, else empty.
	Unrecorded string
	// Waits is the name of the fact from which the services of a choreographed order have to
	// go on, and HeardAt when it last made progress. Empty: a workflow takes it on.
	Waits   string
	HeardAt time.Time
	// Refund is the id of the order's refund that is examined; empty: the order itself is.
	Refund string
}

// workflow returns the id of the workflow that is examined.
func (o Order) workflow() string {
	if o.Refund != "" {
		return repay.WorkflowID(o.Refund)
	}
	return workflows.WorkflowID(o.ID)
}

// Examiner examines several orders at one time, and asks about each queue once. It is
// not safe for concurrent use.
type Examiner struct {
	c     Config
	polls map[string]time.Time // when a queue was last polled

	silence *Silence // nil: not asked yet
}

// New returns an examiner.
func New(c Config) *Examiner { return &Examiner{c: c, polls: map[string]time.Time{}} }

// questionTimeout bounds one request to the engine.
const questionTimeout = 5 * time.Second

// Examine returns the symptoms of an undecided order, none if it makes progress.
func (e *Examiner) Examine(ctx context.Context, o Order) ([]Symptom, error) {
	if o.Unrecorded != "" {
		return e.unrecorded(ctx, o)
	}
	if o.Waits != "" {
		return e.choreographed(ctx, o), nil
	}
	var found []Symptom
	if due := o.DecideBy.Add(e.c.Grace); !o.DecideBy.IsZero() && !o.Flagged && e.c.Now.After(due) {
		found = append(found, Symptom{Late, "its decide-by time has passed, and it is neither decided nor flagged", o.DecideBy})
	}
	d, err := e.describe(ctx, o.workflow())
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &gone):
		found = append(found, Symptom{NotRunning, "the engine has no workflow of it: nothing works on it", o.PlacedAt})
	case err != nil:
		return nil, fmt.Errorf("describe the workflow of order %s: %w", o.ID, err)
	case !saga.Open(d.GetWorkflowExecutionInfo().GetStatus()):
		info := d.GetWorkflowExecutionInfo()
		found = append(found, Symptom{NotRunning, ends[info.GetStatus()], info.GetCloseTime().AsTime()})
	default:
		symptoms, err := e.running(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("examine the workflow of order %s: %w", o.ID, err)
		}
		found = append(found, symptoms...)
	}
	return found, nil
}

func (e *Examiner) describe(ctx context.Context, workflowID string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	return e.c.Engine.DescribeWorkflowExecution(ctx, workflowID, "") //nolint:wrapcheck // Examine says of which order
}

// running returns the symptoms of a workflow that runs.
func (e *Examiner) running(ctx context.Context, d *workflowservice.DescribeWorkflowExecutionResponse) ([]Symptom, error) {
	found := paused(d)
	if isPaused(d) {
		return found, nil // so the engine hands out no task of it
	}
	if t := d.GetPendingWorkflowTask(); t != nil {
		symptom, err := e.workflowTask(ctx, d.GetWorkflowExecutionInfo(), t)
		if err != nil {
			return nil, err
		}
		found = append(found, symptom...)
	}
	for _, a := range d.GetPendingActivities() {
		if a.GetState() != enumspb.PENDING_ACTIVITY_STATE_SCHEDULED {
			continue // it runs
		}
		due := a.GetScheduledTime().AsTime()
		if next := a.GetNextAttemptScheduleTime(); next != nil && next.AsTime().After(due) {
			due = next.AsTime()
		}
		name := a.GetActivityType().GetName()
		service, _, _ := strings.Cut(name, ".")
		symptom, err := e.waiting(ctx, name, e.queueOf(service), enumspb.TASK_QUEUE_TYPE_ACTIVITY, due)
		if err != nil {
			return nil, err
		}
		found = append(found, symptom...)
	}
	return found, nil
}

// workflowTask returns the symptoms of a pending workflow task.
func (e *Examiner) workflowTask(ctx context.Context, info *workflowpb.WorkflowExecutionInfo, t *workflowpb.PendingWorkflowTaskInfo) ([]Symptom, error) {
	if t.GetState() == enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED {
		symptom, err := e.waiting(ctx, "its next decision", info.GetTaskQueue(), enumspb.TASK_QUEUE_TYPE_WORKFLOW, t.GetScheduledTime().AsTime())
		if err != nil || len(symptom) > 0 {
			return symptom, err
		}
	}
	if t.GetAttempt() <= 1 {
		return nil, nil
	}
	why, since, err := e.taskFailure(ctx, info.GetExecution())
	if err != nil {
		return nil, err
	}
	if since.IsZero() {
		since = t.GetOriginalScheduledTime().AsTime()
	}
	return []Symptom{{TaskFailing, fmt.Sprintf("its workflow task fails (attempt %d): %s", t.GetAttempt(), why), since}}, nil
}

// taskFailure returns why and when a workflow's task first failed: the history has
// only the first of attempts in a row.
func (e *Examiner) taskFailure(ctx context.Context, execution *commonpb.WorkflowExecution) (string, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	answer, err := e.c.Engine.WorkflowService().GetWorkflowExecutionHistoryReverse(ctx, &workflowservice.GetWorkflowExecutionHistoryReverseRequest{
		Namespace: e.c.Engine.Namespace, Execution: execution, MaximumPageSize: 10,
	})
	if err != nil {
		return "", time.Time{}, err //nolint:wrapcheck // Examine says of which order
	}
	for _, event := range answer.GetHistory().GetEvents() {
		switch event.GetEventType() {
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED:
			cause := event.GetWorkflowTaskFailedEventAttributes().GetCause()
			if why, known := taskFailures[cause]; known {
				return why, event.GetEventTime().AsTime(), nil
			}
			return cause.String(), event.GetEventTime().AsTime(), nil
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
			return "no worker finished the first attempt in time; of later ones the engine keeps no reason, but a worker's log does", event.GetEventTime().AsTime(), nil
		default:
		}
	}
	return "the engine does not say why", time.Time{}, nil
}

// waiting returns the symptom of a task that has been due since a time and that no
// worker has taken, none while a worker may still take it.
func (e *Examiner) waiting(ctx context.Context, what, name string, kind queue.Kind, due time.Time) ([]Symptom, error) {
	if e.c.Now.Sub(due) < e.c.NotTaken {
		return nil, nil
	}
	if name == "" {
		return []Symptom{{NoWorker, what + " belongs to no known service", due}}, nil
	}
	polled, err := e.lastPoll(ctx, name, kind)
	if err != nil {
		return nil, err
	}
	// A poll that waits on a queue gets its next task. So either no worker has polled
	// since the task was queued, or later polls were given other tasks.
	if polled.Before(due) {
		return []Symptom{{NoWorker, fmt.Sprintf("no worker polls queue %q for %s", name, what), due}}, nil
	}
	return []Symptom{{NotTaken, fmt.Sprintf("the workers on queue %q have not taken %s: too few for what is waiting", name, what), due}}, nil
}

// lastPoll is [queue.LastPoll], asked once per examiner.
func (e *Examiner) lastPoll(ctx context.Context, name string, kind queue.Kind) (time.Time, error) {
	key := kind.String() + " " + name
	if at, known := e.polls[key]; known {
		return at, nil
	}
	last, err := queue.LastPoll(ctx, e.c.Engine, name, kind)
	if err == nil {
		e.polls[key] = last
	}
	return last, err //nolint:wrapcheck // it says of which queue
}

// queueOf returns the task queue of a service, "" for an unknown service.
func (e *Examiner) queueOf(service string) string {
	for _, q := range e.c.Queues {
		if q.Service == service {
			return q.Name
		}
	}
	return ""
}
