// Package claim records at the engine which database each task queue is served
// from, so that no step is taken by a worker of another one.
//
// The record is a workflow that runs for ever without a worker: the engine starts one
// workflow of an id at a time, whoever asks, and keeps it without an end. It takes no
// rights but those that every worker needs.
package claim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/sealed"
)

// NotOurs is the code of a task queue that another database serves.
const NotOurs fault.Code = "QUEUE_NOT_OURS"

const (
	// workflowType and noQueue are those of the records. No worker polls the queue.
	workflowType, noQueue = "AmendsQueue", "amends-no-worker"
	// memoKey is that of the database in a record's memo.
	memoKey = "database"
	// askTimeout bounds one request to the engine.
	askTimeout = 5 * time.Second
)

// Database is the one that a worker serves a queue from.
type Database struct {
	// ID is different for any two databases that were made apart.
	ID string `json:"id"`
	// Place tells a database from its copies. Empty: it is unknown.
	Place string `json:"place,omitempty"`
	// Service and Installation say to an operator whose it is.
	Service      string `json:"service"`
	Installation string `json:"installation,omitempty"`
}

// String returns the database in the words of a message.
func (d Database) String() string {
	s := "database " + d.ID + " of " + d.Service
	if d.Place != "" {
		s += " at " + d.Place
	}
	if d.Installation != "" {
		s += " in the installation " + d.Installation
	}
	return s
}

// is reports whether d is the other database.
func (d Database) is(other Database) bool {
	return d.ID == other.ID && (d.Place == other.Place || d.Place == "" || other.Place == "")
}

// WorkflowID returns the id of the record of a queue. It never changes.
func WorkflowID(queue string) string { return "amends-queue-" + queue }

// Claim is a task queue and the database that it is to be served from.
type Claim struct {
	Queue    string
	Database Database
}

// Take makes the claims, in their order, and returns nil if all are ours. Of several
// databases at once one gets a queue; a repeat changes nothing. It is a fault of kind
// bug with code [NotOurs] if a queue is another's, and then claims none unless the
// other came at the same time; it is one of kind transient if the engine does not
// answer. A claim ends when an operator terminates its workflow.
func Take(ctx context.Context, c *engine.Client, all ...Claim) error {
	var missing []Claim
	for _, ours := range all {
		found, err := ours.found(ctx, c)
		if err != nil {
			return err
		}
		if !found {
			missing = append(missing, ours)
		}
	}
	for _, ours := range missing {
		if err := ours.write(ctx, c); err != nil {
			return err
		}
		if found, err := ours.found(ctx, c); err != nil || !found {
			return cmp.Or(err, error(fault.Errorf(fault.Transient, fault.Unavailable, "the record of task queue %q was ended", ours.Queue)))
		}
	}
	return nil
}

// found reports whether the queue is served from our database. It is a fault if it is
// served from another one.
func (ours Claim) found(ctx context.Context, c *engine.Client) (bool, error) {
	theirs, found, err := read(ctx, c, ours.Queue)
	if err != nil || !found || theirs.is(ours.Database) {
		return found, err
	}
	return false, fault.Errorf(fault.Bug, NotOurs, "task queue %q of namespace %q is served from %s, and this is %s. "+
		"Another services.%s.queue or namespace keeps them apart. If the other one is gone for good: stop its workers, then "+
		"`temporal workflow terminate --workflow-id %s`",
		ours.Queue, c.Namespace, theirs, ours.Database, ours.Database.Service, WorkflowID(ours.Queue))
}

// read returns the database of the queue's claim, if there is one.
func read(ctx context.Context, c *engine.Client, queue string) (d Database, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	record, err := c.DescribeWorkflowExecution(ctx, WorkflowID(queue), "")
	var missing *serviceerror.NotFound
	switch info := record.GetWorkflowExecutionInfo(); {
	case errors.As(err, &missing):
		return d, false, nil
	case err != nil:
		return d, false, c.Explain(err)
	case info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:
		return d, false, nil
	default:
		if err := converter.GetDefaultDataConverter().FromPayload(info.GetMemo().GetFields()[memoKey], &d); err != nil {
			return d, false, fault.Wrap(err, fault.Bug, NotOurs, "the workflow "+WorkflowID(queue)+" is no record of a task queue")
		}
		return d, true, nil
	}
}

// write makes the record unless there is one already.
func (ours Claim) write(ctx context.Context, c *engine.Client) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	// The record outlives the keys of payloads.
	database, err := sealed.Plain(ours.Database)
	if err != nil {
		return fault.Errorf(fault.Bug, fault.Internal, "record a task queue: %w", err)
	}
	_, err = c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       WorkflowID(ours.Queue),
		TaskQueue:                noQueue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		Memo:                     map[string]any{memoKey: database},
		StaticSummary:            fmt.Sprintf("task queue %s is served from the %s; no worker runs this workflow", ours.Queue, ours.Database),
	}, workflowType)
	return c.Explain(err)
}
