package api

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/workflows"
)

const goodAcknowledgement = `{"action": "acknowledge", "reason": "read the log", "reference": "case 4712"}`

// bungled is an order that a bug has ended, and on which operators have said all
// that they can say.
func bungled(id string) workflows.OrderView {
	v := view(id, workflows.StatusCancelled)
	v.Reason, v.NeedsAttention = "INTERNAL", true
	v.Attention = []saga.Attention{{Step: "shipping.book", Code: "REQUEST_MISMATCH", Kind: fault.Bug, Since: v.CreatedAt, Lasting: true}}
	v.Repairs = []saga.Repair{{
		Step: "payment.authorize", Action: saga.Skip, Reason: "voided by hand", Operator: "night", Reference: "case 4711", At: v.CreatedAt,
	}}
	v.Waivers = []saga.Waiver{{
		Step: "payment.authorize", Code: "PROVIDER_TIMEOUT", Owed: "money held",
		Reason: "voided by hand", Operator: "night", Reference: "case 4711", At: v.CreatedAt,
	}}
	return v
}

// lookedAt is an operator's acknowledgement of a bungled order.
func lookedAt(v workflows.OrderView) []ledger.Acknowledgement {
	return []ledger.Acknowledgement{{
		Flags:  []ledger.Attention{{Step: "shipping.book", Code: "REQUEST_MISMATCH", Kind: "bug", Since: v.CreatedAt, Lasting: true}},
		Reason: "read the log", Operator: "day", Reference: "case 4712", At: v.CreatedAt.Add(time.Hour),
	}}
}

func answers(get func(context.Context) (any, error)) func(context.Context, client.StartWorkflowOptions, workflows.Acknowledgement) (client.WorkflowRun, error) {
	return func(context.Context, client.StartWorkflowOptions, workflows.Acknowledgement) (client.WorkflowRun, error) {
		return run{get: get}, nil
	}
}

func TestAcknowledgeOrder(t *testing.T) {
	t.Parallel()

	t.Run("AsksTheOrderServiceInTheOperatorsName", func(t *testing.T) {
		t.Parallel()
		b := bothOperators(t)
		b.temporal.query = nil // the engine may have forgotten the order
		b.temporal.acknowledge = func(_ context.Context, o client.StartWorkflowOptions, in workflows.Acknowledgement) (client.WorkflowRun, error) {
			require.Equal(t, client.StartWorkflowOptions{
				ID: "acknowledge-" + someOrder, TaskQueue: "order", StaticSummary: "an operator has reviewed the order",
				WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
				WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			}, o)
			require.NotEmpty(t, in.Request)
			require.Equal(t, workflows.Acknowledgement{OrderID: someOrder, Acknowledgement: ledger.Acknowledgement{
				Reason: "read the log", Operator: "night", Reference: "case 4712", Request: in.Request,
			}}, in)
			v := bungled(someOrder)
			v.Acknowledge(lookedAt(v))
			return run{get: func(context.Context) (any, error) { return v, nil }}, nil
		}
		o := b.repair(t, goodAcknowledgement).operatorsOrder(t, http.StatusOK)
		require.False(t, o.NeedsAttention)
		require.Empty(t, o.Attention)
		require.Equal(t, contract.SourceRecord, o.Source)
		require.Len(t, o.Acknowledgements, 1)
		a := o.Acknowledgements[0]
		require.Equal(t, []string{"read the log", "day", "case 4712"}, []string{a.Reason, a.Operator, *a.Reference})
		require.Equal(t, "shipping.book REQUEST_MISMATCH", a.Flags[0].Step+" "+a.Flags[0].Code)
		require.Len(t, o.Waivers, 1)
		require.Len(t, o.Repairs, 1)

		log := b.logs.String()
		for _, want := range []string{`msg="order repaired"`, "action=acknowledge", "operator=night"} {
			require.Contains(t, log, want)
		}
		require.NotContains(t, log, "read the log")
	})

	t.Run("IsRecordedEvenIfItTakesLonger", func(t *testing.T) {
		t.Parallel()
		b := bothOperators(t)
		b.temporal.query = func(context.Context, string) (workflows.OrderView, error) { return bungled(someOrder), nil }
		b.temporal.acknowledge = answers(func(ctx context.Context) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		require.True(t, b.repair(t, goodAcknowledgement).operatorsOrder(t, http.StatusAccepted).NeedsAttention)
		b.temporal.query = func(context.Context, string) (workflows.OrderView, error) {
			return workflows.OrderView{}, serviceerror.NewNotFound("forgotten")
		}
		p := b.repair(t, goodAcknowledgement).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		require.Contains(t, *p.Detail, "is recorded, but not made yet")
	})

	t.Run("SaysThatItMayNotHaveArrived", func(t *testing.T) {
		t.Parallel()
		b := bothOperators(t)
		b.temporal.acknowledge = func(context.Context, client.StartWorkflowOptions, workflows.Acknowledgement) (client.WorkflowRun, error) {
			return nil, serviceerror.NewUnavailable("down")
		}
		p := b.repair(t, goodAcknowledgement).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		require.Contains(t, *p.Detail, "not known whether the acknowledgement arrived")
	})

	t.Run("WhoseWorkflowWasTerminatedIsNotMade", func(t *testing.T) {
		t.Parallel()
		b := bothOperators(t)
		b.temporal.acknowledge = answers(func(context.Context) (any, error) { return nil, errors.New("terminated") })
		b.repair(t, goodAcknowledgement).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
	})

	for code, want := range map[fault.Code]struct {
		status int
		code   fault.Code
	}{
		fault.NotFound:                 {http.StatusNotFound, fault.NotFound},
		workflows.SagaRuns:             {http.StatusConflict, workflows.SagaRuns},
		workflows.NotDecided:           {http.StatusConflict, workflows.NotDecided},
		workflows.NothingToAcknowledge: {http.StatusConflict, workflows.NothingToAcknowledge},
		saga.ReasonMissing:             {http.StatusUnprocessableEntity, saga.ReasonMissing},
		fault.Invalid:                  {http.StatusUnprocessableEntity, problem.ValidationFailed},
		fault.Internal:                 {http.StatusInternalServerError, fault.Internal},
	} {
		t.Run("PassesOnTheRefusal"+string(code), func(t *testing.T) {
			t.Parallel()
			b := bothOperators(t)
			b.temporal.acknowledge = answers(func(context.Context) (any, error) {
				return nil, temporal.NewNonRetryableApplicationError("refused", string(code), nil)
			})
			b.repair(t, goodAcknowledgement).refused(t, want.status, want.code)
			require.Contains(t, b.logs.String(), "code="+string(want.code))
		})
	}
}

// The order's own workflow is closed, so its answer never changes again.
func TestAnAcknowledgedOrderNeedsNoAttention(t *testing.T) {
	t.Parallel()

	for name, know := range map[string]func(*testBundle){
		"ItsWorkflowAnswers": func(b *testBundle) {
			b.temporal.query = func(context.Context, string) (workflows.OrderView, error) { return bungled(someOrder), nil }
		},
		"NoWorkerAnswers": func(b *testBundle) {
			b.temporal.query = silent
			b.temporal.result = func(context.Context, string) (workflows.OrderView, error) { return bungled(someOrder), nil }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, quick)
			know(b)
			b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, nil)
			require.True(t, b.get(t).order(t, http.StatusOK).NeedsAttention)
			b.temporal.looked = lookedAt(bungled(someOrder))
			o := b.get(t).order(t, http.StatusOK)
			require.False(t, o.NeedsAttention)
			require.Empty(t, o.Attention)
			b.temporal.looked[0].Flags[0].Since = time.Now()
			require.True(t, b.get(t).order(t, http.StatusOK).NeedsAttention, "another flag is another matter")
		})
	}
}
