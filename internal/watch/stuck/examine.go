package stuck

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

	"github.com/amends/amends/internal/watch/queue"
	"github.com/amends/amends/workflows"
)

// questionTimeout bounds one request to the engine.
const questionTimeout = 5 * time.Second

// examine returns the symptoms of an undecided order, none if it makes progress.
func (s *search) examine(ctx context.Context, c candidate) ([]Symptom, error) {
	var found []Symptom
	if due := c.decideBy.Add(s.c.ParkAfter + s.c.Options.Grace); !c.decideBy.IsZero() && !c.flagged && s.now.After(due) {
		found = append(found, Symptom{Late, "its decide-by time has passed, and it is neither decided nor flagged", c.decideBy})
	}
	d, err := s.describe(ctx, c.id)
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &gone):
		found = append(found, Symptom{NotRunning, "the engine has no workflow of it: nothing works on it", c.placedAt})
	case err != nil:
		return nil, fmt.Errorf("describe the workflow of order %s: %w", c.id, err)
	case d.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:
		info := d.GetWorkflowExecutionInfo()
		found = append(found, Symptom{NotRunning, ends[info.GetStatus()], info.GetCloseTime().AsTime()})
	default:
		symptoms, err := s.running(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("examine the workflow of order %s: %w", c.id, err)
		}
		found = append(found, symptoms...)
	}
	if len(found) == 0 {
		return nil, nil
	}
	pending, err := s.stillPending(ctx, c.id)
	if err != nil || !pending {
		return nil, err
	}
	return found, nil
}

func (s *search) describe(ctx context.Context, id string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	return s.c.Engine.DescribeWorkflowExecution(ctx, workflows.WorkflowID(id), "") //nolint:wrapcheck // examine says of which order
}

// running returns the symptoms of a workflow that runs.
func (s *search) running(ctx context.Context, d *workflowservice.DescribeWorkflowExecutionResponse) ([]Symptom, error) {
	var found []Symptom
	if t := d.GetPendingWorkflowTask(); t != nil {
		symptom, err := s.workflowTask(ctx, d.GetWorkflowExecutionInfo(), t)
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
		symptom, err := s.waiting(ctx, name, s.queueOf(service), enumspb.TASK_QUEUE_TYPE_ACTIVITY, due)
		if err != nil {
			return nil, err
		}
		found = append(found, symptom...)
	}
	return found, nil
}

// workflowTask returns the symptoms of a pending workflow task.
func (s *search) workflowTask(ctx context.Context, info *workflowpb.WorkflowExecutionInfo, t *workflowpb.PendingWorkflowTaskInfo) ([]Symptom, error) {
	if t.GetState() == enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED {
		symptom, err := s.waiting(ctx, "its next decision", info.GetTaskQueue(), enumspb.TASK_QUEUE_TYPE_WORKFLOW, t.GetScheduledTime().AsTime())
		if err != nil || len(symptom) > 0 {
			return symptom, err
		}
	}
	if t.GetAttempt() <= 1 {
		return nil, nil
	}
	why, since, err := s.taskFailure(ctx, info.GetExecution())
	if err != nil {
		return nil, err
	}
	if since.IsZero() {
		since = t.GetOriginalScheduledTime().AsTime()
	}
	return []Symptom{{TaskFailing, fmt.Sprintf("its workflow task fails (attempt %d): %s", t.GetAttempt(), why), since}}, nil
}

// taskFailure returns why and when a workflow's last task failed, by the end of its
// history.
func (s *search) taskFailure(ctx context.Context, execution *commonpb.WorkflowExecution) (string, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	answer, err := s.c.Engine.WorkflowService().GetWorkflowExecutionHistoryReverse(ctx, &workflowservice.GetWorkflowExecutionHistoryReverseRequest{
		Namespace: s.c.Engine.Namespace, Execution: execution, MaximumPageSize: 10,
	})
	if err != nil {
		return "", time.Time{}, err //nolint:wrapcheck // examine says of which order
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
			return "no worker finished it in time", event.GetEventTime().AsTime(), nil
		default:
		}
	}
	return "the engine does not say why", time.Time{}, nil
}

// waiting returns the symptom of a task that has been due since a time and that no
// worker has taken, none while a worker may still take it.
func (s *search) waiting(ctx context.Context, what, name string, kind queue.Kind, due time.Time) ([]Symptom, error) {
	if s.now.Sub(due) < s.c.Options.NotTaken {
		return nil, nil
	}
	if name == "" {
		return []Symptom{{NoWorker, what + " belongs to no known service", due}}, nil
	}
	polled, err := s.lastPoll(ctx, name, kind)
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

// lastPoll is [queue.LastPoll], asked once per search.
func (s *search) lastPoll(ctx context.Context, name string, kind queue.Kind) (time.Time, error) {
	key := kind.String() + " " + name
	if at, known := s.polls[key]; known {
		return at, nil
	}
	last, err := queue.LastPoll(ctx, s.c.Engine, name, kind)
	if err != nil {
		return time.Time{}, err
	}
	s.polls[key] = last
	return last, nil
}
