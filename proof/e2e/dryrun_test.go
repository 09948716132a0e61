package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/workflows"
)

// A dry run is judged by the saga itself, and leaves no trace: neither in the history of the order's
// workflow, nor in the record of the order, nor is its key used up.
func TestADryRunLeavesNoTrace(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, 10*time.Minute)
	money, _ := p.through(t, impatient)
	money.mute.Store(true)
	id := p.place(t, "", "", placement()).order.ID
	stuckAt(t, id, "payment.authorize")
	d, key := p.desk(t), uuid.NewString()
	record := func() any {
		rec, err := p.Orders.Get(t.Context(), id)
		require.NoError(t, err)
		return []any{rec.Repairs, rec.Waivers, rec.Acknowledgements, rec.Status}
	}
	run, updates, kept := resetPoints(t, id).run, updatesOf(t, id), record()

	try := func(want int, code, body string) contract.OperatorsOrder {
		t.Helper()
		var o contract.OperatorsOrder
		eventually(t, "the dry run is answered in the time of this address", func() bool {
			var status int
			var said string
			if status, said, o = d.ask(t, id, key, body); status == http.StatusServiceUnavailable {
				return false
			}
			require.Equal(t, []any{want, code}, []any{status, said})
			return true
		})
		return o
	}
	o := try(http.StatusOK, "", `{"step": "payment.authorize", "action": "retry", "reason": "it is back", "dry_run": true}`)
	require.Equal(t, []any{"payment.authorize", contract.CallTake}, []any{o.DryRun.Asks[0].Step, o.DryRun.Asks[0].Call})
	require.Equal(t, o.Total, o.DryRun.Asks[0].Amount)
	require.Empty(t, o.Repairs)
	o = try(http.StatusOK, "", `{"action": "rerun", "reason": "again", "dry_run": true}`)
	require.Len(t, o.DryRun.Asks, len(workflows.Forward()))
	try(http.StatusUnprocessableEntity, "VALIDATION_FAILED", `{"step": "payment.authorize", "action": "skip", "reason": "why", "reference": "case 1", "dry_run": true}`)
	try(http.StatusConflict, "NOT_FLAGGED", `{"step": "shipping.book", "action": "retry", "reason": "why", "dry_run": true}`)
	try(http.StatusConflict, "SAGA_RUNS", `{"action": "acknowledge", "reason": "why", "dry_run": true}`)
	try(http.StatusConflict, "SAGA_RUNS", `{"action": "resume", "reason": "why", "dry_run": true}`)
	require.Equal(t, []any{run, updates, kept}, []any{resetPoints(t, id).run, updatesOf(t, id), record()})

	money.mute.Store(false)
	eventually(t, "the repair is made, or the order went on by itself", func() bool {
		status, code, made := d.ask(t, id, key, `{"step": "payment.authorize", "action": "retry", "reason": "it is back"}`)
		require.Contains(t, []int{http.StatusOK, http.StatusAccepted, http.StatusConflict, http.StatusServiceUnavailable}, status, code)
		require.LessOrEqual(t, len(made.Repairs), 1)
		return status != http.StatusServiceUnavailable
	})
	require.Equal(t, confirmed, p.recovered(t, id).Status)
	require.NoError(t, p.Check(t.Context()))
}

// updatesOf counts the updates in the history of an order's workflow.
func updatesOf(t *testing.T, id string) (n int) {
	t.Helper()
	h := server.GetWorkflowHistory(t.Context(), workflows.WorkflowID(id), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for h.HasNext() {
		e, err := h.Next()
		require.NoError(t, err)
		if e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED {
			n++
		}
	}
	return n
}
