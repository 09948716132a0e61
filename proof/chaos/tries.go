package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"

	"github.com/amends/amends/proof/wait"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/workflows"
)

// tried are the services that an order worker calls for the first tries of its orders.
var tried = []string{"catalog", "inventory", "payment", "shipping"}

// killInTask kills both order workers in the middle of a workflow task: one of them
// has it, and has begun a try that no history has.
func (p *platform) killInTask(ctx context.Context, down time.Duration) error {
	both := workers[:2]
	for _, name := range both {
		p.parts[name].victim.Lock()
		defer p.parts[name].victim.Unlock()
	}
	p.engine.victim.RLock()
	defer p.engine.victim.RUnlock()
	if err := wait.Until(ctx, "a workflow task makes tries", func() bool {
		if p.signal(syscall.SIGSTOP, both) == nil && p.inTask(ctx) {
			return true
		}
		_ = p.signal(syscall.SIGCONT, both) // one that has died meanwhile needs none
		return false
	}); err != nil {
		return err
	}
	var err error
	for _, name := range both {
		err = errors.Join(err, p.parts[name].kill(ctx))
	}
	err = errors.Join(err, wait.For(ctx, down))
	for _, name := range both {
		err = errors.Join(err, p.parts[name].start())
	}
	return err
}

func (p *platform) signal(s syscall.Signal, names []string) (err error) {
	for _, name := range names {
		err = errors.Join(err, syscall.Kill(p.parts[name].now().Pid(), s))
	}
	return err
}

// inTask reports whether a workflow task is under way that has begun a try: a service
// has claimed its key since the task started, and the step is on no queue.
func (p *platform) inTask(ctx context.Context) bool {
	begun, err := p.begun(ctx, 5*time.Second)
	if err != nil {
		return false // a database is away
	}
	for k, at := range begun {
		d, err := p.client.DescribeWorkflowExecution(ctx, workflows.WorkflowID(k.Saga), "")
		if _, none := errors.AsType[*serviceerror.NotFound](err); none {
			continue // a choreographed order
		}
		if err != nil {
			return false
		}
		task := d.GetPendingWorkflowTask()
		started := task.GetState() == enumspb.PENDING_WORKFLOW_TASK_STATE_STARTED && task.GetStartedTime().AsTime().Before(at)
		if started && !slices.ContainsFunc(d.GetPendingActivities(), func(a *workflowpb.PendingActivityInfo) bool {
			return a.GetActivityType().GetName() == k.Step
		}) {
			return true
		}
	}
	return false
}

// begun returns when the services claimed the keys of their steps in the last while.
func (p *platform) begun(ctx context.Context, last time.Duration) (map[key.Key]time.Time, error) {
	all := map[key.Key]time.Time{}
	for _, service := range tried {
		err := p.with(ctx, service, func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, "SELECT saga, step, created_at FROM barrier WHERE created_at > $1", time.Now().Add(-last))
			if err != nil {
				return err
			}
			var k key.Key
			var at time.Time
			_, err = pgx.ForEachRow(rows, []any{&k.Saga, &k.Step, &at}, func() error {
				all[k] = at
				return nil
			})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
	}
	return all, nil
}

// lostTries counts the tries of the workflow tasks in a history that were lost with their
// worker: the keys that were claimed during such a task, of steps that no queue had yet.
func lostTries(workflow string, events []*historypb.HistoryEvent, begun map[key.Key]time.Time) (n int) {
	saga := strings.TrimPrefix(workflow, workflows.WorkflowID(""))
	queued := map[string]bool{}
	var started time.Time
	for _, e := range events {
		at := e.GetEventTime().AsTime()
		switch e.GetEventType() {
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED:
			started = at
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			queued[e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName()] = true
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
			if e.GetWorkflowTaskTimedOutEventAttributes().GetTimeoutType() != enumspb.TIMEOUT_TYPE_START_TO_CLOSE {
				continue // it had not started
			}
			for k, claimed := range begun {
				if k.Saga == saga && !queued[k.Step] && claimed.After(started) && claimed.Before(at) {
					n++
				}
			}
		default:
		}
	}
	return n
}
