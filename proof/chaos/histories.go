package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	workflowservicepb "go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/proof/wait"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/doctor"
	"github.com/amends/amends/workflows/repay"
)

// past sums up the histories of all sagas.
type past struct {
	replayed int
	timedOut int // attempts and workflow tasks that the engine timed out and repeated
	flagged  int // sagas that needed attention for a while
	lost     int // tries of express steps whose workflow task was lost
	wrong    []string
}

func (h *past) complain(format string, args ...any) {
	h.wrong = append(h.wrong, fmt.Sprintf(format, args...))
}

// run is one run of a workflow.
type run struct{ id, run string }

// histories exports the history of every run of every workflow of ours, replays it
// with the code of this tree, and compares the orders' results with their records. A
// choreographed order has no saga there.
func (p *platform) histories(ctx context.Context, records []order.Record) (*past, error) {
	records = slices.DeleteFunc(slices.Clone(records), func(r order.Record) bool { return r.Style() == order.Choreographed })
	dir := filepath.Join(p.dir, "histories")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	runs, err := p.runs(ctx, records)
	if err != nil {
		return nil, err
	}
	begun, err := p.begun(ctx, 24*time.Hour)
	if err != nil {
		return nil, err
	}
	h := &past{}
	h.oneSagaEach(runs, records)
	for _, r := range runs {
		one, err := replay.FromServer(ctx, p.client, r.id, r.run)
		if err != nil {
			return nil, err
		}
		if err := export(filepath.Join(dir, r.id+"."+r.run+".json"), one.Events); err != nil {
			return nil, err
		}
		if err := replay.Replay(one); err != nil {
			h.complain("upgrade: %s: %v", one.Name, err)
		}
		h.replayed++
		h.read(one.Events)
		h.lost += lostTries(r.id, one.Events.GetEvents(), begun)
	}
	for _, o := range records {
		var result workflows.OrderView
		if err := p.client.GetWorkflow(ctx, workflows.WorkflowID(o.ID), "").Get(ctx, &result); err != nil {
			h.complain("I4: the saga of order %s: %v", o.ID, err)
		} else if result.Status != o.Status || result.Reason != o.Reason {
			h.complain("I7: the saga of order %s ended %s %s, the record says %s %s", o.ID, result.Status, result.Reason, o.Status, o.Reason)
		}
	}
	return h, nil
}

// oneSagaEach reports sagas without an order that has one, and orders with two sagas.
func (h *past) oneSagaEach(runs []run, records []order.Record) {
	times := map[string]int{}
	for _, r := range runs {
		times[r.id]++
	}
	for _, r := range records {
		id := workflows.WorkflowID(r.ID)
		if times[id] != 1 {
			h.complain("I5: order %s has %d sagas", r.ID, times[id])
		}
		delete(times, id)
	}
	for id := range times {
		if strings.HasPrefix(id, workflows.WorkflowID("")) {
			h.complain("I5: saga %s has no order", id)
		}
	}
}

// runs lists all runs of our workflows. The engine's lists are late, so it waits a
// while for each order's.
func (p *platform) runs(ctx context.Context, records []order.Record) (all []run, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	patience := time.Now().Add(2 * time.Minute)
	query := fmt.Sprintf("WorkflowType IN (%q, %q, %q)", workflows.PlaceOrder, repay.RefundOrder, doctor.Reconcile)
	var failed error
	err = wait.Until(ctx, "every saga is listed", func() bool {
		all, failed = p.list(ctx, query)
		have := map[string]bool{}
		for _, r := range all {
			have[r.id] = true
		}
		missing := slices.ContainsFunc(records, func(r order.Record) bool { return !have[workflows.WorkflowID(r.ID)] })
		return failed == nil && (!missing || time.Now().After(patience))
	})
	return all, errors.Join(err, failed)
}

func (p *platform) list(ctx context.Context, query string) (all []run, err error) {
	for page := []byte(nil); ; {
		list, err := p.client.ListWorkflow(ctx, &workflowservicepb.ListWorkflowExecutionsRequest{Query: query, NextPageToken: page})
		if err != nil {
			return nil, fmt.Errorf("list workflows: %w", err)
		}
		for _, e := range list.GetExecutions() {
			all = append(all, run{e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId()})
		}
		if page = list.GetNextPageToken(); len(page) == 0 {
			return all, nil
		}
	}
}

// read counts the difficulties of one saga.
func (h *past) read(events *historypb.History) {
	flagged := false
	for _, e := range events.GetEvents() {
		if a := e.GetActivityTaskStartedEventAttributes(); a != nil {
			timeout := a.GetLastFailure().GetTimeoutFailureInfo()
			if timeout.GetTimeoutType() == enumspb.TIMEOUT_TYPE_START_TO_CLOSE {
				h.timedOut++
			}
		}
		for _, timeout := range []enumspb.TimeoutType{
			e.GetWorkflowTaskTimedOutEventAttributes().GetTimeoutType(),
			e.GetActivityTaskTimedOutEventAttributes().GetFailure().GetTimeoutFailureInfo().GetTimeoutType(),
		} {
			if timeout == enumspb.TIMEOUT_TYPE_START_TO_CLOSE {
				h.timedOut++
			}
		}
		fields := e.GetUpsertWorkflowSearchAttributesEventAttributes().GetSearchAttributes().GetIndexedFields()
		if string(fields[workflows.AttributeNeedsAttention.GetName()].GetData()) == "true" {
			flagged = true
		}
	}
	if flagged {
		h.flagged++
	}
}

// export writes a history as `temporal workflow show -o json` does.
func export(path string, events *historypb.History) error {
	text, err := temporalproto.CustomJSONMarshalOptions{Indent: "  "}.Marshal(events)
	if err != nil {
		return fmt.Errorf("export a history: %w", err)
	}
	return os.WriteFile(path, text, 0o600)
}
