package read

import (
	"context"
	"fmt"
	"slices"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// Reset is the action of a reset that was made by the tools of the engine.
const Reset saga.Action = "reset"

// maxResets bounds the runs of one order that are read for their resets.
const maxResets = 20

// addResets adds the resets of an order's workflow to its repairs: who made them, when, from
// where and why, as far as the engine keeps the runs. A reset of ours is in the order's record
// already. What cannot be read is left out.
func (r *Reader) addResets(ctx context.Context, view *workflows.OrderView) {
	run, added := "", false
	for range maxResets {
		resets := r.resetsOf(ctx, view.ID, run)
		if len(resets) == 0 {
			break
		}
		for _, e := range resets {
			made := resetBy(e)
			known := func(b saga.Repair) bool { return b.Action == Reset && b.At.Equal(made.At) || Words(b) == made.Reason }
			if !slices.ContainsFunc(view.Repairs, known) {
				view.Repairs, added = append(view.Repairs, made), true
			}
		}
		run = resets[len(resets)-1].GetWorkflowTaskFailedEventAttributes().GetBaseRunId()
	}
	if added {
		slices.SortStableFunc(view.Repairs, func(a, b saga.Repair) int { return a.At.Compare(b.At) })
	}
}

// resetsOf returns the events of resets in the history of a run: its own, and those before it
// that it has copied.
func (r *Reader) resetsOf(ctx context.Context, id, run string) (resets []*historypb.HistoryEvent) {
	history := r.engine.GetWorkflowHistory(ctx, workflows.WorkflowID(id), run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		e, err := history.Next()
		if err != nil {
			return nil
		}
		if e.GetWorkflowTaskFailedEventAttributes().GetCause() == enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW {
			resets = append(resets, e)
		}
	}
	return resets
}

// resetBy returns the reset that an event tells of.
func resetBy(e *historypb.HistoryEvent) saga.Repair {
	a := e.GetWorkflowTaskFailedEventAttributes()
	return saga.Repair{
		Action: Reset, Reason: a.GetFailure().GetMessage(), Operator: a.GetIdentity(), At: e.GetEventTime().AsTime(),
		Reference: fmt.Sprintf("from event %d of run %s", e.GetEventId(), a.GetBaseRunId()),
	}
}

// maxWords is the longest text of an operator's that the engine gets, in bytes.
const maxWords = 300

// Words says in the engine's history on whose behalf a saga was set going again, and why.
func Words(q saga.Repair) string {
	text := fmt.Sprintf("%s by %s: %s", q.Action, q.Operator, q.Reason)
	if q.Reference != "" {
		text += " (" + q.Reference + ")"
	}
	if len(text) > maxWords {
		text = strings.ToValidUTF8(text[:maxWords], "") + "…" // the cut may be inside a character
	}
	return text
}
