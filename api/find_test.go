package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

func described(t *testing.T, status enumspb.WorkflowExecutionStatus, attributes map[string]any, pending ...*workflowpb.PendingActivityInfo) func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	t.Helper()
	fields := map[string]*commonpb.Payload{}
	for name, v := range attributes {
		payload, err := converter.GetDefaultDataConverter().ToPayload(v)
		require.NoError(t, err)
		fields[name] = payload
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	info := &workflowpb.WorkflowExecutionInfo{
		Status: status, StartTime: timestamppb.New(at), SearchAttributes: &commonpb.SearchAttributes{IndexedFields: fields},
	}
	if status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		info.CloseTime = timestamppb.New(at.Add(time.Minute))
	}
	return func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
		return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: info, PendingActivities: pending}, nil
	}
}

func silent(ctx context.Context, _ string) (workflows.OrderView, error) {
	<-ctx.Done()
	return workflows.OrderView{}, serviceerror.NewDeadlineExceeded("no worker")
}

func (b *testBundle) get(t *testing.T) response {
	return b.do(t, http.MethodGet, "/v1/orders/"+someOrder, "")
}

func TestGetOrder(t *testing.T) {
	t.Parallel()

	t.Run("AnswersWithTheWorkflowsView", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
		total := money.New(12600, "EUR")
		unit := money.New(1850, "EUR")
		b.temporal.query = func(_ context.Context, id string) (workflows.OrderView, error) {
			require.Equal(t, "order-"+someOrder, id)
			v := view(someOrder, workflows.StatusCancelled)
			v.Reason, v.Total, v.Lines[0].UnitPrice = "PAYMENT_DECLINED", &total, &unit
			v.Steps = []saga.StepView{{Name: "payment.authorize", State: saga.Refused, Attempts: 1, StartedAt: &at, EndedAt: &at, Error: "CARD_EXPIRED"}}
			v.Parcels = []workflows.ParcelView{{Warehouse: "BER", TrackingNumber: "T1", State: "cancelled"}}
			v.Attention = []saga.Attention{{Step: "inventory.reserve", Code: "TIMEOUT", Kind: "unknown", Since: at, Owed: "stock held"}}
			v.Repairs = []saga.Repair{{Step: "shipping.book", Action: saga.Skip, Reason: "why", Operator: "night", At: at}}
			v.Waivers = []saga.Waiver{{Step: "shipping.book", Code: "CARRIER_TIMEOUT", Owed: "parcels booked", Reason: "why", Operator: "night", Reference: "R1", At: at}}
			return v, nil
		}
		o := b.get(t).order(t, http.StatusOK)
		require.Equal(t, contract.Order{
			Id: someOrder, CustomerId: new("cus_42"), Status: "CANCELLED", Style: "orchestrated", Reason: new("PAYMENT_DECLINED"), Currency: new("EUR"),
			Total: &contract.Money{Amount: 12600, Currency: "EUR"}, Lines: []contract.Line{{Sku: "MUG-STONEWARE", Quantity: 2, UnitPrice: &contract.Money{Amount: 1850, Currency: "EUR"}}},
			Attention: []contract.Attention{{Step: "inventory.reserve", Code: "TIMEOUT", Kind: "unknown", Since: at, Owed: "stock held"}},
			Parcels:   []contract.Parcel{{Warehouse: "BER", TrackingNumber: "T1", State: "cancelled"}},
			Steps:     []contract.Step{{Name: "payment.authorize", State: "refused", Attempts: 1, StartedAt: &at, EndedAt: &at, Error: new("CARD_EXPIRED")}},
			CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt, Source: contract.SourceWorkflow,
		}, o)
	})

	t.Run("TakesAnIdInUpperCase", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.query = knows(workflows.StatusConfirmed)
		o := b.do(t, http.MethodGet, "/v1/orders/"+strings.ToUpper(someOrder), "").order(t, http.StatusOK)
		require.Equal(t, someOrder, o.Id)
	})

	t.Run("DoesNotKnowAnUnknownOrder", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.query = func(context.Context, string) (workflows.OrderView, error) {
			return workflows.OrderView{}, serviceerror.NewNotFound("workflow not found for ID")
		}
		b.get(t).refused(t, http.StatusNotFound, fault.NotFound)
	})

	t.Run("AddsTheAttemptsThatOnlyTheEngineKnows", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.query = func(context.Context, string) (workflows.OrderView, error) {
			v := view(someOrder, workflows.StatusPending)
			v.Steps = []saga.StepView{
				{Name: "inventory.reserve", State: saga.Undoing, Attempts: 1},
				{Name: "payment.authorize", State: saga.Running},
				{Name: "payment.authorizeX", State: saga.Waiting},
			}
			return v, nil
		}
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil,
			&workflowpb.PendingActivityInfo{ActivityType: &commonpb.ActivityType{Name: "inventory.reserve.undo"}, Attempt: 7, LastFailure: &failurepb.Failure{
				FailureInfo: &failurepb.Failure_ApplicationFailureInfo{ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{Type: "UNAVAILABLE"}},
			}},
			&workflowpb.PendingActivityInfo{ActivityType: &commonpb.ActivityType{Name: "payment.authorize"}, Attempt: 2, LastFailure: &failurepb.Failure{
				FailureInfo: &failurepb.Failure_TimeoutFailureInfo{TimeoutFailureInfo: &failurepb.TimeoutFailureInfo{}},
			}})
		o := b.get(t).order(t, http.StatusOK)
		require.Equal(t, []contract.Step{
			{Name: "inventory.reserve", State: "undoing", Attempts: 7, Error: new("UNAVAILABLE")},
			{Name: "payment.authorize", State: "running", Attempts: 2, Error: new("TIMEOUT")},
			{Name: "payment.authorizeX", State: "waiting"},
		}, o.Steps)
		require.Equal(t, contract.SourceWorkflow, o.Source)
	})

	t.Run("FlagsAnOrderWhoseWorkflowWasTerminated", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.query = knows(workflows.StatusPending)
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, nil)
		o := b.get(t).order(t, http.StatusOK)
		require.True(t, o.NeedsAttention)
		require.Equal(t, "SAGA_TERMINATED", o.Attention[0].Code)
		require.Equal(t, "bug", o.Attention[0].Kind)
	})

	t.Run("AnswersWithTheWorkflowsViewIfTheEngineAddsNothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.query = knows(workflows.StatusPending)
		b.temporal.describe = func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
			return nil, serviceerror.NewUnavailable("down")
		}
		require.Equal(t, "PENDING", b.get(t).order(t, http.StatusOK).Status)
	})
}

func TestGetOrderWithoutWorkers(t *testing.T) {
	t.Parallel()

	t.Run("AsksEachWithinTwoSecondsTogether", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		left := func(ctx context.Context) time.Duration {
			deadline, ok := ctx.Deadline()
			require.True(t, ok)
			return time.Until(deadline)
		}
		b.temporal.query = func(ctx context.Context, _ string) (workflows.OrderView, error) {
			require.LessOrEqual(t, left(ctx), time.Second)
			return workflows.OrderView{}, serviceerror.NewDeadlineExceeded("no worker")
		}
		b.temporal.describe = func(ctx context.Context, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
			require.LessOrEqual(t, left(ctx), 500*time.Millisecond)
			return nil, serviceerror.NewDeadlineExceeded("no engine")
		}
		b.get(t).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		require.Equal(t, 1, b.temporal.count("describe"))
	})

	t.Run("AnswersWithWhatTheEngineKnows", func(t *testing.T) {
		t.Parallel()
		b := setup(t, quick)
		b.temporal.query = silent
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, map[string]any{
			workflows.AttributeOrderStatus.GetName(): "CONFIRMED", workflows.AttributeNeedsAttention.GetName(): true,
		})
		b.temporal.result = func(context.Context, string) (workflows.OrderView, error) {
			return workflows.OrderView{}, serviceerror.NewUnavailable("too large to read in time")
		}
		b.temporal.input = func(string) (workflows.Input, error) {
			return workflows.Input{Placement: workflows.Placement{
				CustomerID: "cus_42", Currency: "EUR", Fingerprint: "f", Lines: []workflows.Line{{SKU: "MUG", Quantity: 2}}, PaymentToken: "tok_visa",
			}}, nil
		}
		answer := b.get(t)
		o := answer.order(t, http.StatusOK)
		require.Equal(t, contract.SourceEngine, o.Source)
		require.Equal(t, "CONFIRMED", o.Status)
		require.True(t, o.NeedsAttention)
		require.Equal(t, time.Minute, o.UpdatedAt.Sub(o.CreatedAt))
		require.Equal(t, "cus_42", *o.CustomerId)
		require.Equal(t, []contract.Line{{Sku: "MUG", Quantity: 2}}, o.Lines)
		require.NotContains(t, answer.text, "tok_visa")
	})

	t.Run("TellsNoDecisionWithoutItsReason", func(t *testing.T) {
		t.Parallel()
		b := setup(t, quick)
		b.temporal.query = silent
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, map[string]any{workflows.AttributeOrderStatus.GetName(): "CANCELLED"})
		b.temporal.result = func(context.Context, string) (workflows.OrderView, error) {
			return workflows.OrderView{}, serviceerror.NewUnavailable("too large to read in time")
		}
		b.temporal.input = func(string) (workflows.Input, error) { return workflows.Input{}, serviceerror.NewUnavailable("down") }
		b.get(t).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
	})

	t.Run("AnswersWithTheResultOfADecidedOrder", func(t *testing.T) {
		t.Parallel()
		b := setup(t, quick)
		b.temporal.query = silent
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, nil)
		b.temporal.result = func(context.Context, string) (workflows.OrderView, error) {
			v := view(someOrder, workflows.StatusCancelled)
			v.Reason = "OUT_OF_STOCK"
			return v, nil
		}
		o := b.get(t).order(t, http.StatusOK)
		require.Equal(t, "OUT_OF_STOCK", *o.Reason)
		require.Equal(t, contract.SourceEngine, o.Source)
	})

	t.Run("LeavesOutWhatTheEngineDoesNotTellInTime", func(t *testing.T) {
		t.Parallel()
		b := setup(t, quick)
		b.temporal.query = silent
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
		b.temporal.input = func(string) (workflows.Input, error) { return workflows.Input{}, serviceerror.NewUnavailable("down") }
		o := b.get(t).order(t, http.StatusOK)
		require.Equal(t, "PENDING", o.Status)
		require.Nil(t, o.CustomerId)
		require.Empty(t, o.Lines)
	})

	t.Run("FlagsATerminatedWorkflow", func(t *testing.T) {
		t.Parallel()
		b := setup(t, quick)
		b.temporal.query = silent
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, map[string]any{workflows.AttributeOrderStatus.GetName(): "PENDING"})
		b.temporal.input = func(string) (workflows.Input, error) { return workflows.Input{}, serviceerror.NewUnavailable("down") }
		require.True(t, b.get(t).order(t, http.StatusOK).NeedsAttention)
	})

	t.Run("DoesNotKnowAnUnknownOrder", func(t *testing.T) {
		t.Parallel()
		b := setup(t, quick)
		b.temporal.query = silent
		b.temporal.describe = func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
			return nil, serviceerror.NewNotFound("no")
		}
		b.get(t).refused(t, http.StatusNotFound, fault.NotFound)
	})

	t.Run("AnswersThatTheEngineIsDown", func(t *testing.T) {
		t.Parallel()
		b := setup(t, quick)
		b.temporal.query = silent
		b.temporal.describe = func(ctx context.Context, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
			<-ctx.Done()
			return nil, serviceerror.NewUnavailable("down")
		}
		answer := b.get(t)
		answer.refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		requireRetryAfter(t, answer.Header)
	})
}
