package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// past is what the histories of all sagas say.
type past struct {
	replayed int
	timedOut int // attempts that the engine gave up on, and gave out again
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
	return h, p.oneSagaEach(ctx, len(records))
}

// oneSagaEach waits until the engine lists as many runs as there are orders: its
// lists are late.
func (p *platform) oneSagaEach(ctx context.Context, orders int) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var listed int64
	err := until(ctx, "one saga for each order", func() bool {
		r, err := p.client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Query: fmt.Sprintf("WorkflowType = %q", workflows.PlaceOrder),
		})
		if err == nil {
			listed = r.GetCount()
		}
		return err == nil && listed == int64(orders)
	})
	if err != nil {
		return fmt.Errorf("I5: %d orders, %d sagas: %w", orders, listed, err)
	}
	return nil
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
