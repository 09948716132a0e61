package read

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/converter"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/records"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// silent is an engine whose workers do not answer.
type silent struct{ stoppedRun }

func (*silent) QueryWorkflow(context.Context, string, string, string, ...any) (converter.EncodedValue, error) {
	return nil, serviceerror.NewDeadlineExceeded("no worker")
}

// kept are the records of an order service.
type kept map[string]order.Record

func (k kept) Get(_ context.Context, id string) (order.Record, error) {
	if rec, ok := k[id]; ok {
		return rec, nil
	}
	return order.Record{}, fault.Errorf(fault.Business, fault.NotFound, "no such order")
}

func (k kept) Address(ctx context.Context, id string) (order.Address, error) {
	rec, err := k.Get(ctx, id)
	return rec.Placement.ShipTo, err
}

func (kept) KeepContact(context.Context, string, string, order.Contact) error { return nil }

func (kept) Place(context.Context, string, order.Placement, time.Duration) (order.Record, error) {
	return order.Record{}, errors.ErrUnsupported
}

func (kept) Repair(context.Context, string, ledger.Repair) (order.Record, error) {
	return order.Record{}, errors.ErrUnsupported
}

func (kept) Withdraw(context.Context, string) (order.Record, error) {
	return order.Record{}, errors.ErrUnsupported
}

// TestTheRecordAnswersForASilentWorkflow: it is silent too while one task takes all steps.
func TestTheRecordAnswersForASilentWorkflow(t *testing.T) {
	t.Parallel()
	placement := workflows.Placement{CustomerID: "cus_1", Currency: "EUR", Lines: []workflows.Line{{SKU: "MUG", Quantity: 2}}}
	find := func(t *testing.T, all *records.Reader) Snapshot {
		t.Helper()
		engine := &silent{stoppedRun{status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING}}
		found, err := New(call.New(engine, time.Now), all, time.Second, converter.GetDefaultDataConverter()).Find(t.Context(), "a")
		require.NoError(t, err)
		return found
	}
	with := func(status order.Status) *records.Reader {
		return records.New(kept{"a": {ID: "a", Placement: placement, Status: status}}, time.Second)
	}

	pending := find(t, with(order.Pending))
	require.Equal(t, FromEngine, pending.Source, "it alone knows whether somebody works on the order")
	require.Equal(t, "cus_1", pending.CustomerID)
	require.Equal(t, []workflows.LineView{{SKU: "MUG", Quantity: 2}}, pending.Lines)

	decided := find(t, with(order.Cancelled))
	require.Equal(t, FromRecord, decided.Source)
	require.Equal(t, order.Cancelled, decided.Status)

	for _, none := range []*records.Reader{nil, records.New(kept{}, time.Second)} {
		bare := find(t, none)
		require.Equal(t, FromEngine, bare.Source)
		require.Equal(t, workflows.StatusPending, bare.Status)
		require.Empty(t, bare.Lines)
	}
}

// A choreographed order that makes no progress is flagged where it is shown, unless a flag
// says why.
func TestAChoreographedOrderThatStandsIsFlagged(t *testing.T) {
	t.Parallel()
	find := func(reminders int, flags ...ledger.Attention) Snapshot {
		t.Helper()
		rec := order.Record{
			ID: "a", Status: order.Pending, CreatedAt: time.Now().Add(-time.Hour), Attention: flags,
			Placement: workflows.Placement{Style: order.Choreographed, CustomerID: "cus_1", Currency: "EUR"},
			Course: &order.Course{
				Steps: []order.TakenStep{{Name: "catalog.quote", State: "done", EndedAt: time.Now().Add(-2 * time.Minute)}}, Reminders: reminders,
			},
		}
		r := New(call.New(&silent{}, time.Now), records.New(kept{"a": rec}, time.Second), time.Second, converter.GetDefaultDataConverter())
		found, err := r.forgotten(t.Context(), "a", nil)
		require.NoError(t, err)
		return found
	}
	require.False(t, find(0).NeedsAttention)
	stands := find(1)
	require.True(t, stands.NeedsAttention)
	require.Equal(t, []any{fault.Code("SAGA_STANDS"), fault.Transient}, []any{stands.Attention[0].Code, stands.Attention[0].Kind})
	require.WithinDuration(t, time.Now().Add(-2*time.Minute), stands.Attention[0].Since, 10*time.Second)
	known := find(1, ledger.Attention{Step: "payment.authorize", Code: "PROVIDER_TIMEOUT"})
	require.Len(t, known.Attention, 1)
}
