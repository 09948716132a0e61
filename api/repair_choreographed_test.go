package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/workflows"
)

// Repair implements [records.Records].
func (r *records) Repair(_ context.Context, id string, q ledger.Repair) (order.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec := r.written[id]
	_, err := course.Repair(&rec, q, rec.CreatedAt)
	if err == nil {
		r.written[id] = rec
	}
	return rec, err
}

// stuckRecord returns the admin address of an API that knows a choreographed order, which is
// aborted and flagged at two steps, and the requests to its services to try again.
func stuckRecord(t *testing.T) (b *adminBundle, kept *records, asked *[][4]string) {
	t.Helper()
	rec := order.Record{
		ID: someOrder, Status: order.Pending, Decided: order.OutOfStock, CreatedAt: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC),
		Placement: order.Placement{CustomerID: "cus_1", Currency: "EUR", Style: order.Choreographed, Lines: []order.Line{{SKU: "MUG", Quantity: 1}}},
		Attention: []ledger.Attention{
			{Step: "payment.authorize", Code: "PROVIDER_TIMEOUT", Kind: fault.Unknown, Owed: "money held"},
			{Step: "order.keep_quote", Code: fault.Internal, Kind: fault.Bug},
		},
	}
	course.Begin(&rec, rec.CreatedAt)
	kept, asked = &records{written: map[string]order.Record{someOrder: rec}}, new([][4]string)
	b = &adminBundle{testBundle: setup(t, quick, func(c *Config) {
		c.Orders.Records = kept
		c.Orders.Retry = func(_ context.Context, service, order, reason, operator string) error {
			*asked = append(*asked, [4]string{service, order, reason, operator})
			if service == "shipping" {
				return fault.Errorf(fault.Business, fault.NotFound, "none waits")
			}
			return nil
		}
	})}
	b.temporal.query = func(context.Context, string) (workflows.OrderView, error) {
		return workflows.OrderView{}, serviceerror.NewNotFound("it has none")
	}
	b.admin = httptest.NewServer(NewAdmin(Admin{Repairs: b.server, Operators: []operator.Operator{{Name: "night", Secret: nightSecret}}}))
	t.Cleanup(b.admin.Close)
	return b, kept, asked
}

func requireProblem(t *testing.T, r response, status int, code fault.Code) {
	t.Helper()
	p := r.problem(t)
	require.Equal(t, []any{status, string(code)}, []any{p.Status, p.Code}, r.text)
}

// A choreographed order is repaired without its engine: its record keeps what was done.
func TestRepairAChoreographedOrder(t *testing.T) {
	t.Parallel()

	t.Run("ANudgeRemindsItsServices", func(t *testing.T) {
		t.Parallel()
		b, kept, _ := stuckRecord(t)
		for range 2 { // of one key
			answer := b.repair(t, `{"action": "nudge", "reason": "it stands"}`, "Idempotency-Key: once").operatorsOrder(t, http.StatusOK)
			require.Len(t, answer.Repairs, 1)
			require.Equal(t, []string{"nudge", "", "it stands", "night"},
				[]string{answer.Repairs[0].Action, answer.Repairs[0].Step, answer.Repairs[0].Reason, answer.Repairs[0].Operator})
			require.Equal(t, 1, kept.written[someOrder].Course.Reminders)
		}
		requireProblem(t, b.repair(t, `{"action": "nudge", "step": "payment.authorize", "reason": "why"}`), http.StatusUnprocessableEntity, "VALIDATION_FAILED")
	})

	t.Run("ARetryIsTheServicesOwn", func(t *testing.T) {
		t.Parallel()
		b, kept, asked := stuckRecord(t)
		require.Len(t, b.repair(t, goodRetry).operatorsOrder(t, http.StatusAccepted).Repairs, 1, "its effect comes later")
		b.repair(t, `{"step": "order.keep_quote", "action": "retry", "reason": "fixed"}`).operatorsOrder(t, http.StatusAccepted)
		require.Equal(t, [][4]string{
			{"payment", someOrder, "they are back", "night"}, {"order", someOrder, "fixed", "night"},
		}, *asked)
		requireProblem(t, b.repair(t, `{"step": "shipping.book", "action": "retry", "reason": "why"}`), http.StatusConflict, saga.NotFlagged)
		requireProblem(t, b.repair(t, `{"step": "order.keep_parcels", "action": "retry", "reason": "why"}`), http.StatusUnprocessableEntity, saga.UnknownStep)
		require.Len(t, kept.written[someOrder].Repairs, 2, "a refusal is not kept")
	})

	t.Run("ASkipWaivesAnUndo", func(t *testing.T) {
		t.Parallel()
		b, _, _ := stuckRecord(t)
		for body, want := range map[string]struct {
			status int
			code   fault.Code
		}{
			`{"step": "payment.capture", "action": "skip", "reason": "why", "reference": "x"}`:  {http.StatusConflict, saga.PivotStep},
			`{"step": "inventory.commit", "action": "skip", "reason": "why"}`:                   {http.StatusConflict, saga.ClosingStep},
			`{"step": "catalog.quote", "action": "skip", "reason": "why"}`:                      {http.StatusUnprocessableEntity, "VALIDATION_FAILED"},
			`{"step": "payment.authorize", "action": "skip", "reason": "why"}`:                  {http.StatusUnprocessableEntity, saga.ReferenceMissing},
			`{"step": "inventory.reserve", "action": "skip", "reason": "why"}`:                  {http.StatusConflict, saga.NotFlagged},
			`{"step": "payment.steal", "action": "skip", "reason": "why", "reference": "case"}`: {http.StatusUnprocessableEntity, saga.UnknownStep},
		} {
			requireProblem(t, b.repair(t, body), want.status, want.code)
		}
		for range 2 {
			answer := b.repair(t, goodSkip).operatorsOrder(t, http.StatusOK)
			require.Len(t, answer.Waivers, 1)
			require.Equal(t, "case 4711", *answer.Waivers[0].Reference)
			require.Len(t, answer.Attention, 1)
		}
	})

	t.Run("AnOrderWithAWorkflowIsNotNudged", func(t *testing.T) {
		t.Parallel()
		b := bothOperators(t)
		answer := b.repair(t, `{"action": "nudge", "reason": "it stands"}`)
		requireProblem(t, answer, http.StatusUnprocessableEntity, "VALIDATION_FAILED")
		require.Contains(t, answer.text, "has a workflow")
	})
}

// A case is on an order that its service knows, whatever took it there.
func TestACaseOnAChoreographedOrder(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	rec := order.Record{
		ID: accountsOrder, Status: order.Confirmed, Total: new(money.New(1850, "EUR")), CreatedAt: at, UpdatedAt: at,
		Placement: order.Placement{CustomerID: "cus_42", Currency: "EUR", Style: order.Choreographed, Lines: []order.Line{{SKU: "MUG", Quantity: 1}}},
	}
	course.Begin(&rec, at)
	b := casesOf(t, quick, func(c *Config) { c.Orders.Records = &records{written: map[string]order.Record{accountsOrder: rec}} })
	b.temporal.query = func(context.Context, string) (workflows.OrderView, error) {
		return workflows.OrderView{}, serviceerror.NewNotFound("it has none")
	}
	opened := readAs[contract.Case](t, http.StatusCreated, b.write(t, "/v1/orders/"+accountsOrder+"/cases", "1", openMug))
	found := readAs[contract.SupportCase](t, http.StatusOK, b.support(t, http.MethodGet, "/v1/cases/"+opened.Id, "", ""))
	require.Equal(t, accountsOrder, found.OrderId)
}
