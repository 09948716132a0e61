package api

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/workflows"
)

// pastRetention starts a server whose engine has forgotten an order, which the order service
// has with a status.
func pastRetention(t *testing.T, status order.Status) (*testBundle, *records) {
	t.Helper()
	r := newRecords(0)
	r.write(workflows.Input{OrderID: someOrder, Placement: workflows.Placement{
		CustomerID: "cus_42", Currency: "EUR", Lines: []workflows.Line{{SKU: "MUG-STONEWARE", Quantity: 2}},
	}})
	rec := r.written[someOrder]
	if rec.Status = status; status != order.Pending {
		rec.View = []byte(`{"id":"` + someOrder + `","customer_id":"cus_42","status":"` + string(status) + `","steps":[{"name":"order.create","state":"done","attempts":1}]}`)
	}
	r.written[someOrder] = rec
	b := setupRecorded(t, r, quick)
	b.temporal.query = forgotten
	b.temporal.describe = func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
		return nil, serviceerror.NewNotFound("no such workflow")
	}
	b.temporal.cancel = func(context.Context, client.UpdateWorkflowOptions) (saga.CancelResult, error) {
		return saga.CancelResult{}, serviceerror.NewNotFound("no such workflow")
	}
	return b, r
}

func TestAnOrderThatTheEngineHasForgotten(t *testing.T) {
	t.Parallel()
	away := func(context.Context) error {
		return fault.Errorf(fault.Transient, fault.Unavailable, "10.0.0.7 is away")
	}

	t.Run("IsThatOfItsRecord", func(t *testing.T) {
		t.Parallel()
		b, _ := pastRetention(t, order.Confirmed)
		o := b.get(t).order(t, http.StatusOK)
		require.Equal(t, []any{contract.SourceRecord, "CONFIRMED", "cus_42"}, []any{o.Source, o.Status, *o.CustomerId})
		require.Len(t, o.Steps, 1)
	})

	t.Run("CannotBeCancelledOnceItIsConfirmed", func(t *testing.T) {
		t.Parallel()
		b, _ := pastRetention(t, order.Confirmed)
		b.cancel(t).refused(t, http.StatusConflict, saga.PastPivot)
	})

	t.Run("IsCancelledIfItWas", func(t *testing.T) {
		t.Parallel()
		b, _ := pastRetention(t, order.Cancelled)
		o := b.cancel(t).order(t, http.StatusOK)
		require.Equal(t, []any{contract.SourceRecord, "CANCELLED"}, []any{o.Source, o.Status})
	})

	t.Run("CannotBeCancelledIfItsSagaIsMissing", func(t *testing.T) {
		t.Parallel()
		b, _ := pastRetention(t, order.Pending)
		o := b.get(t).order(t, http.StatusOK)
		require.Equal(t, []any{contract.SourceRecord, "PENDING", "SAGA_MISSING"}, []any{o.Source, o.Status, o.Attention[0].Code})
		b.cancel(t).refused(t, http.StatusConflict, read.SagaStopped)
	})

	t.Run("IsUnknownIfTheOrderServiceDoesNotKnowItEither", func(t *testing.T) {
		t.Parallel()
		b, r := pastRetention(t, order.Confirmed)
		delete(r.written, someOrder)
		b.get(t).refused(t, http.StatusNotFound, fault.NotFound)
		b.cancel(t).refused(t, http.StatusNotFound, fault.NotFound)
	})

	t.Run("MayExistWhileTheOrderServiceIsAway", func(t *testing.T) {
		t.Parallel()
		b, r := pastRetention(t, order.Confirmed)
		r.fail = away
		b.get(t).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		answer := b.cancel(t)
		answer.refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		require.NotContains(t, answer.text, "10.0.0.7")
	})

	t.Run("IsCancelledByWhatTheReadModelKnowsAndTheRecordSays", func(t *testing.T) {
		t.Parallel()
		r := newRecords(0)
		r.write(workflows.Input{OrderID: accountsOrder, Placement: workflows.Placement{CustomerID: "cus_42", Currency: "EUR"}})
		rec := r.written[accountsOrder]
		rec.Status, rec.View = order.Confirmed, []byte(`{"id":"`+accountsOrder+`","customer_id":"cus_42","status":"CONFIRMED"}`)
		r.written[accountsOrder] = rec
		m := newModel()
		m.tell(told(accountsOrder, "cus_42", query.Confirmed, 4))
		b := modelled(t, m, quick, func(c *Config) { c.Orders.Records = r })
		b.temporal.query = forgotten
		b.do(t, http.MethodPost, "/v1/orders/"+accountsOrder+"/cancel", "", asOwner, "Content-Type: application/json").
			refused(t, http.StatusConflict, saga.PastPivot)
	})
}
