package stuck

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/watch/stuck/symptom"
	"github.com/amends/amends/proof/watchtest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows/repay"
)

// A refund that runs and waits for a worker, then one whose workflow is gone, are stuck
// until they have ended.
func TestARefundWithoutProgressIsStuck(t *testing.T) {
	t.Parallel()
	c := watchtest.OnEngine(t)
	b := newBundle(t, c)
	ctx, id, refund := t.Context(), b.Place(t, time.Time{}), uuid.NewString()
	total := money.New(100, "EUR")
	_, err := b.Store.Confirm(ctx, key.New(id, "order.confirm"), order.Closing{Total: &total})
	require.NoError(t, err)
	k := key.Key{Saga: id, Step: "order.open_refund", Generation: 1}
	opened := time.Now().UTC().Add(-time.Minute).Truncate(time.Microsecond)
	opening := order.RefundOpening{ID: refund, Amount: total, At: opened}
	require.NoError(t, b.Store.OpenRefund(ctx, k, opening))

	_, err = c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: repay.WorkflowID(refund), TaskQueue: b.Queue("order")}, repay.RefundOrder, repay.Input{})
	require.NoError(t, err)
	b.becomes(t, id, "for its next decision", symptom.NoWorker)
	require.NoError(t, c.TerminateWorkflow(ctx, repay.WorkflowID(refund), "", "test"))
	b.becomes(t, id, "its workflow was terminated", symptom.NotRunning)
	report, err := New(b.c).newSearch(time.Now()).report(ctx)
	require.NoError(t, err)
	require.Equal(t, []any{refund, opened}, []any{report.Orders[0].Refund, report.Orders[0].PlacedAt})

	require.NoError(t, b.Store.CloseRefund(ctx, k, order.RefundClosing{Status: order.RefundRefused, Opening: opening, Note: order.RefundNote{At: opened}}))
	b.recovers(t, id)
}
