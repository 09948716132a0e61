package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	paid "github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/workflows"
)

// dry returns a body that only tries its request.
func dry(body string) string { return strings.TrimSuffix(body, "}") + `, "dry_run": true}` }

// asks tells the steps that would be asked, in one line each.
func asks(t *testing.T, d *contract.DryRun) (all []string) {
	t.Helper()
	require.NotNil(t, d)
	for _, a := range d.Asks {
		line := string(a.Call) + " " + a.Step
		if a.Amount != nil {
			line += " " + money.New(a.Amount.Amount, money.Currency(a.Amount.Currency)).String()
		}
		if a.Units != nil {
			line += " " + strings.Repeat("u", int(*a.Units))
		}
		if a.Parcels != nil {
			line += " " + strings.Repeat("p", int(*a.Parcels))
		}
		all = append(all, line)
	}
	return all
}

// stuckForward is an order whose payment is stuck on its way forward, and stuckBack one whose void is.
func stuckForward() workflows.OrderView {
	v := flaggedView(saga.Attention{Step: "payment.authorize", Code: "PROVIDER_TIMEOUT", Kind: fault.Unknown, Owed: "money held: 126.00 EUR"},
		saga.StepView{Name: "order.create", State: saga.Done}, saga.StepView{Name: "catalog.quote", State: saga.Done},
		saga.StepView{Name: "inventory.reserve", State: saga.Done, Exposure: "stock held: 2 units"},
		saga.StepView{Name: "payment.authorize", State: saga.Running, Exposure: "money held: 126.00 EUR"})
	v.Total = new(money.New(12600, "EUR"))
	return v
}

func stuckBack() workflows.OrderView {
	v := stuckForward()
	v.Steps[3].State = saga.Flagged
	v.Steps = append(v.Steps, saga.StepView{Name: "shipping.book", State: saga.Undone}, saga.StepView{Name: "payment.capture", State: saga.Refused}, saga.StepView{Name: "order.decide", State: saga.Done})
	return v
}

// trying returns an admin address with an order whose saga would make every repair, and fails a
// test that asks the engine for a change.
func trying(t *testing.T, v workflows.OrderView) *adminBundle {
	t.Helper()
	b := bothOperators(t)
	b.temporal.query = func(context.Context, string) (workflows.OrderView, error) { return v, nil }
	b.temporal.judge = func(string, saga.RepairRequest) (saga.Verdict, error) { return saga.Verdict{}, nil }
	return b
}

// TestATriedRepairTellsWhatItWouldDo, and changes nothing: the engine is asked no more than a query.
func TestATriedRepairTellsWhatItWouldDo(t *testing.T) {
	t.Parallel()
	forward := []string{
		"take order.create", "take catalog.quote", "take inventory.reserve uu", "take payment.authorize 126.00 EUR", "take shipping.book",
		"take payment.capture 126.00 EUR", "take inventory.commit", "take order.confirm",
	}
	undo := []string{"undo shipping.book", "undo payment.authorize 126.00 EUR", "undo inventory.reserve uu", "take order.cancel"}
	for name, tt := range map[string]struct {
		order workflows.OrderView
		body  string
		want  []string
	}{
		"RetryForward": {stuckForward(), goodRetry, append([]string{forward[3]}, forward[4:]...)},
		"RetryBack":    {stuckBack(), goodRetry, undo[1:]},
		"Skip":         {stuckBack(), goodSkip, undo[2:]},
		"RetryOfPivot": {flaggedView(saga.Attention{Step: "payment.capture"}), strings.Replace(goodRetry, "authorize", "capture", 1), []string{
			"take payment.capture", "take order.create", "take catalog.quote", "take inventory.reserve uu", "take payment.authorize", "take shipping.book", "take inventory.commit", "take order.confirm",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := trying(t, tt.order)
			o := b.repair(t, dry(tt.body), "Idempotency-Key: k").operatorsOrder(t, http.StatusOK)
			require.Equal(t, tt.want, asks(t, o.DryRun))
			require.Empty(t, o.Repairs)
			require.True(t, o.NeedsAttention, "it is the order as it is")
			require.Equal(t, name == "Skip", o.DryRun.Waives != nil)
			if name == "Skip" {
				require.Equal(t, "money held: 126.00 EUR", *o.DryRun.Waives)
				require.Equal(t, "payment.authorize", (*o.DryRun.Clears)[0].Step)
			}
			require.NotContains(t, b.logs.String(), "repaired")
		})
	}

	t.Run("AnAcknowledgement", func(t *testing.T) {
		t.Parallel()
		b := trying(t, bungled(someOrder))
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, nil)
		o := b.repair(t, dry(goodAcknowledgement)).operatorsOrder(t, http.StatusOK)
		require.Empty(t, asks(t, o.DryRun))
		require.Equal(t, "shipping.book", (*o.DryRun.Clears)[0].Step)
		require.Empty(t, o.Acknowledgements)
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
		b.repair(t, dry(goodAcknowledgement)).refused(t, http.StatusConflict, workflows.SagaRuns)
	})

	t.Run("AStepOfARefund", func(t *testing.T) {
		t.Parallel()
		b := refundsOf(t, fakePart{}, func(b *refundsBundle) {
			b.temporal.refund, b.opened = nil, []order.Refund{{Opening: order.RefundOpening{ID: someRefund, Amount: eur(500)}, Status: order.RefundPending}}
		})
		b.repair(t, dry(refundRetry)).refused(t, http.StatusConflict, read.SagaStopped)
	})
}

// TestATriedRepairIsRefusedAsTheRequest would be.
func TestATriedRepairIsRefusedAsTheRequest(t *testing.T) {
	t.Parallel()
	b := trying(t, stuckForward())
	for code, status := range map[fault.Code]int{
		saga.NotFlagged: http.StatusConflict, saga.PivotStep: http.StatusConflict, saga.ClosingStep: http.StatusConflict, saga.AlreadyDecided: http.StatusConflict,
		saga.ReferenceMissing: http.StatusUnprocessableEntity, saga.UnknownStep: http.StatusUnprocessableEntity, saga.UnknownSaga: http.StatusNotFound,
	} {
		b.temporal.judge = func(workflow string, q saga.RepairRequest) (saga.Verdict, error) {
			require.Equal(t, []any{"order-" + someOrder, "payment.authorize", "night"}, []any{workflow, q.Step, q.Operator})
			return saga.Verdict{Code: code, Message: "so it is"}, nil
		}
		require.Equal(t, status, b.repair(t, dry(goodSkip)).StatusCode, code)
	}
	b.temporal.judge = func(string, saga.RepairRequest) (saga.Verdict, error) {
		return saga.Verdict{}, serviceerror.NewQueryFailed("unknown queryType repairable")
	}
	p := b.repair(t, dry(goodRetry)).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
	require.Contains(t, *p.Detail, "Nothing was changed")
	b.repair(t, dry(`{"action": "nudge", "reason": "why"}`)).refused(t, http.StatusUnprocessableEntity, "VALIDATION_FAILED")
	b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, nil)
	b.temporal.query = knows(workflows.StatusConfirmed)
	b.repair(t, dry(goodRetry)).refused(t, http.StatusConflict, saga.AlreadyDecided)
}

// TestATriedRepairOfAChoreographedOrder leaves its record as it is, and tells the effect that
// the repair then has.
func TestATriedRepairOfAChoreographedOrder(t *testing.T) {
	t.Parallel()
	b, kept, asked := stuckRecord(t)
	stored := func() string {
		text, err := json.Marshal(kept.written[someOrder])
		require.NoError(t, err)
		return string(text)
	}
	before := stored()
	nudge := b.repair(t, dry(`{"action": "nudge", "reason": "it stands"}`)).operatorsOrder(t, http.StatusOK).DryRun
	require.Equal(t, "order.aborted", *nudge.Tells)
	require.Equal(t, []string{"undo shipping.book", "undo payment.authorize", "undo inventory.reserve", "take order.cancel"}, asks(t, nudge))
	retry := b.repair(t, dry(goodRetry)).operatorsOrder(t, http.StatusOK).DryRun
	require.Equal(t, "undo payment.authorize", asks(t, retry)[0])
	skip := b.repair(t, dry(goodSkip)).operatorsOrder(t, http.StatusOK).DryRun
	require.Equal(t, []string{"undo shipping.book", "undo inventory.reserve", "take order.cancel"}, asks(t, skip))
	for body, code := range map[string]fault.Code{
		`{"step": "payment.capture", "action": "skip", "reason": "why", "reference": "x"}`: saga.PivotStep,
		`{"step": "payment.authorize", "action": "skip", "reason": "why"}`:                 saga.ReferenceMissing,
		`{"step": "inventory.reserve", "action": "skip", "reason": "why"}`:                 saga.NotFlagged,
		`{"step": "shipping.book", "action": "retry", "reason": "why"}`:                    saga.NotFlagged,
		`{"step": "order.keep_parcels", "action": "retry", "reason": "why"}`:               saga.UnknownStep,
	} {
		p := b.repair(t, dry(body)).problem(t)
		require.Equal(t, string(code), p.Code, body)
		require.Equal(t, p.Code, b.repair(t, body).problem(t).Code, "as the request itself")
	}
	*asked = nil // of the requests
	require.JSONEq(t, before, stored())

	made := b.repair(t, goodSkip).operatorsOrder(t, http.StatusOK)
	require.Equal(t, *skip.Waives, made.Waivers[0].Owed)
	for _, a := range made.Attention {
		require.NotEqual(t, (*skip.Clears)[0].Step, a.Step)
	}
	b.repair(t, `{"action": "nudge", "reason": "it stands"}`, "Idempotency-Key: once").operatorsOrder(t, http.StatusOK)
	for _, body := range []string{goodSkip, `{"action": "nudge", "reason": "it stands"}`} {
		again := b.repair(t, dry(body), "Idempotency-Key: once").operatorsOrder(t, http.StatusOK).DryRun
		require.Equal(t, &contract.DryRun{Asks: []contract.AskedStep{}}, again, "a repeat changes nothing")
	}
	require.Empty(t, *asked)
}

// TestATriedRefundPaysNothing back, and uses no key up.
func TestATriedRefundPaysNothing(t *testing.T) {
	t.Parallel()
	b := refundsOf(t, fakePart{}, func(b *refundsBundle) {
		b.opened = []order.Refund{{Opening: order.RefundOpening{ID: someRefund, Amount: eur(10000), TakeBack: true}, Status: order.RefundPending}}
	})
	run := b.temporal.refund
	b.temporal.refund = nil
	out := b.post(t, dry(goodRefund), "k").refunded(t, http.StatusOK)
	require.Equal(t, contract.RefundPending, out.Status)
	require.Equal(t, []string{"take order.open_refund", "take payment.refund 18.50 EUR", "take order.close_refund"}, asks(t, out.DryRun), "the goods come back once")
	require.EqualValues(t, 750, out.DryRun.Leaves.Amount)
	b.post(t, dry(strings.Replace(goodRefund, "1850", "2601", 1)), "k").refused(t, http.StatusConflict, payment.RefundExceedsCapture)
	require.Empty(t, b.started)
	require.NotContains(t, b.logs.String(), "refunded")

	b.temporal.refund = run
	made := b.post(t, goodRefund, "k").refunded(t, http.StatusOK)
	require.Equal(t, out.Id, made.Id)
	require.Equal(t, out.Amount, made.Amount)
	b.temporal.refund = nil
	b.opened = append(b.opened, order.Refund{Opening: order.RefundOpening{ID: made.Id, Amount: eur(1850), TakeBack: true}, Status: order.RefundDone})
	again := b.post(t, dry(goodRefund), "k").refunded(t, http.StatusOK)
	require.Empty(t, again.DryRun.Asks, "it was made already")
	require.Equal(t, contract.RefundDone, again.Status)
}

// TestATriedRefundCountsNoneThatWasDeclined, also before the order's record knows that.
func TestATriedRefundCountsNoneThatWasDeclined(t *testing.T) {
	t.Parallel()
	declined := paid.Record{
		Note: paid.Note{ID: someRefund, Reason: "broken", By: "night", TakeBack: true}, State: paid.Declined, DeclineCode: payment.RefundDeclined, Amount: eur(12600),
	}
	b := refundsOf(t, fakePart{refunds: []paid.Record{declined}}, func(b *refundsBundle) {
		b.opened = []order.Refund{{Opening: order.RefundOpening{ID: someRefund, Amount: eur(12600), TakeBack: true}, Status: order.RefundPending}}
	})
	b.temporal.refund = nil
	out := b.post(t, dry(goodRefund), "k").refunded(t, http.StatusOK)
	require.EqualValues(t, 10750, out.DryRun.Leaves.Amount)
	require.Len(t, asks(t, out.DryRun), 4, "the goods come back with it")
}
