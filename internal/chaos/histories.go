package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	workflowservicepb "go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// past is what the histories of all sagas say.
type past struct {
	replayed int
	timedOut int // attempts and workflow tasks that the engine gave up on, and gave out again
	flagged  int // sagas that needed attention for a while
	wrong    []string
}

// histories exports the history of every order's saga, replays it with the code
// of this tree, and compares its result with the order's record.
func (p *platform) histories(ctx context.Context, records []order.Record) (*past, error) {
	dir := filepath.Join(p.dir, "histories")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	h := &past{}
	for _, o := range records {
		id := workflows.WorkflowID(o.ID)
		one, err := replay.FromServer(ctx, p.client, id, "")
		if err != nil {
			h.wrong = append(h.wrong, fmt.Sprintf("I5: order %s has no saga: %v", o.ID, err))
			continue
		}
		if err := export(filepath.Join(dir, id+".json"), one.Events); err != nil {
			return nil, err
		}
		if err := replay.Replay(one); err != nil {
			h.wrong = append(h.wrong, fmt.Sprintf("upgrade: the saga of order %s: %v", o.ID, err))
		}
		h.replayed++
		h.read(one.Events)
		var result workflows.OrderView
		if err := p.client.GetWorkflow(ctx, id, "").Get(ctx, &result); err != nil {
			h.wrong = append(h.wrong, fmt.Sprintf("I4: the saga of order %s: %v", o.ID, err))
		} else if result.Status != o.Status || result.Reason != o.Reason {
			h.wrong = append(h.wrong, fmt.Sprintf("I7: the saga of order %s ended %s %s, the record says %s %s",
				o.ID, result.Status, result.Reason, o.Status, o.Reason))
		}
	}
	one, err := p.oneSagaEach(ctx, records)
	h.wrong = append(h.wrong, one...)
	return h, err
}

// oneSagaEach says which sagas have no order, and which are two. The engine's
// lists are late, so it waits until there is one for each order.
func (p *platform) oneSagaEach(ctx context.Context, records []order.Record) (wrong []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var listed map[string]int
	var failed error
	err = until(ctx, "every saga is listed", func() bool {
		listed, failed = p.sagas(ctx)
		return failed == nil && !slices.ContainsFunc(records, func(r order.Record) bool { return listed[workflows.WorkflowID(r.ID)] == 0 })
	})
	if err != nil {
		return nil, errors.Join(err, failed)
	}
	for _, r := range records {
		id := workflows.WorkflowID(r.ID)
		if listed[id] > 1 {
			wrong = append(wrong, fmt.Sprintf("I5: order %s has %d sagas", r.ID, listed[id]))
		}
		delete(listed, id)
	}
	for id := range listed {
		wrong = append(wrong, fmt.Sprintf("I5: saga %s has no order", id))
	}
	return wrong, nil
}

// sagas counts the runs that the engine lists, by workflow.
func (p *platform) sagas(ctx context.Context) (map[string]int, error) {
	listed, query := map[string]int{}, fmt.Sprintf("WorkflowType = %q", workflows.PlaceOrder)
	for page := []byte(nil); ; {
		list, err := p.client.ListWorkflow(ctx, &workflowservicepb.ListWorkflowExecutionsRequest{Query: query, NextPageToken: page})
		if err != nil {
			return nil, err
		}
		for _, e := range list.GetExecutions() {
			listed[e.GetExecution().GetWorkflowId()]++
		}
		if page = list.GetNextPageToken(); len(page) == 0 {
			return listed, nil
		}
	}
}

// read counts what was hard about one saga.
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
		if string(fields[workflows.AttributeNeedsAttention].GetData()) == "true" {
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
