package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/internal/orders/refund"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	paid "github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/repay"
)

const (
	refundsPath = "/v1/orders/" + someOrder + "/refunds"
	goodRefund  = `{"amount": {"amount": 1850, "currency": "EUR"}, "reason": "broken", "reference": "case 7", "take_back_stock": true}`
)

// refundsBundle is an admin address that knows a confirmed order of 126 EUR, an operator,
// and accounts.
type refundsBundle struct {
	*adminBundle

	accounts *fakeAccounts
	opened   []order.Refund // in the order's record
	unread   error          // of them
	flags    []saga.Attention
	started  []repay.Input
	ended    order.RefundStatus
	code     fault.Code
}

func refundsOf(t *testing.T, payments fakePart, options ...func(*refundsBundle)) *refundsBundle {
	t.Helper()
	a := newAccounts(t)
	b := &refundsBundle{accounts: a, ended: order.RefundDone}
	b.adminBundle = &adminBundle{testBundle: shopWith(t, func(c *Config) {
		quick(c)
		c.Orders.RepairTimeout = 100 * time.Millisecond
	}, WithVerifier(token.NewVerifier(token.Config{Source: a, Logger: slog.New(slog.DiscardHandler)})), WithServices(shop.Services{Payment: payments, Order: openedRefunds{b: b}}))}
	b.temporal.query = func(_ context.Context, id string) (workflows.OrderView, error) {
		v := view(strings.TrimPrefix(id, "order-"), workflows.StatusConfirmed)
		v.Total, v.Attention = new(money.New(12600, "EUR")), b.flags
		return v, nil
	}
	b.temporal.refund = func(o client.StartWorkflowOptions, in repay.Input) (client.WorkflowRun, error) {
		require.Equal(t, repay.WorkflowID(in.ID), o.ID)
		require.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING, o.WorkflowIDConflictPolicy)
		b.started = append(b.started, in)
		return run{get: func(ctx context.Context) (any, error) {
			if b.ended == order.RefundPending {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return repay.View{Input: b.started[0], Status: b.ended, Code: b.code, Units: 3}, nil // the first one counts
		}}, nil
	}
	b.logs = &logs{}
	for _, o := range options {
		o(b)
	}
	admin := Admin{Repairs: b.server, Operators: []operator.Operator{{Name: "night", Secret: nightSecret}}, Logger: slog.New(slog.NewTextHandler(b.logs, nil))}
	b.admin = httptest.NewServer(NewAdmin(admin))
	t.Cleanup(b.admin.Close)
	return b
}

// openedRefunds is an order service with the refunds of b.
type openedRefunds struct {
	fakeOrders
	b *refundsBundle
}

func (o openedRefunds) Refunds(context.Context, string) ([]order.Refund, error) {
	return o.b.opened, o.b.unread
}

func (b *refundsBundle) post(t *testing.T, body, key string, header ...string) response {
	t.Helper()
	if len(header) == 0 {
		header = []string{"Authorization: Bearer " + nightSecret}
	}
	return b.request(t, refundsPath, body, append(header, "Content-Type: application/json", "Idempotency-Key: "+key)...)
}

func (r response) refunded(t *testing.T, status int) (out contract.Refund) {
	t.Helper()
	require.Equal(t, status, r.StatusCode, r.text)
	require.NoError(t, json.Unmarshal([]byte(r.text), &out))
	return out
}

func TestRefundOrder(t *testing.T) {
	t.Parallel()

	t.Run("OneKeyIsOneRefundOfTheOrder", func(t *testing.T) {
		t.Parallel()
		b := refundsOf(t, fakePart{})
		first := b.post(t, goodRefund, "k").refunded(t, http.StatusOK)
		require.Equal(t, contract.RefundDone, first.Status)
		require.Equal(t, contract.Money{Amount: 1850, Currency: "EUR"}, first.Amount)
		require.Equal(t, []any{"broken", "case 7", "night", true, int64(3)}, []any{first.Reason, *first.Reference, first.By, first.TakeBackStock, *first.Units})
		again := b.post(t, goodRefund, "k", b.accounts.sign(t, "staff_1", "s1", time.Now(), supportScopes...)).refunded(t, http.StatusOK)
		require.Equal(t, first, again, "whoever repeats it")
		require.Equal(t, b.started[0].Number, b.started[1].Number)
		b.post(t, strings.Replace(goodRefund, "1850", "1851", 1), "k").refused(t, http.StatusUnprocessableEntity, place.KeyReused)

		b.started = nil
		other := b.post(t, goodRefund, "k2").refunded(t, http.StatusOK)
		require.NotEqual(t, first.Id, other.Id)
		require.NotContains(t, b.logs.String(), "broken")
	})
	t.Run("ARecordIsRememberedLongerThanAWorkflow", func(t *testing.T) {
		t.Parallel()
		b := refundsOf(t, fakePart{})
		id := b.post(t, goodRefund, "k").refunded(t, http.StatusOK).Id
		b = refundsOf(t, fakePart{refunds: []paid.Record{{Note: paid.Note{ID: id, Reason: "other"}, Amount: eur(1850)}}},
			func(b *refundsBundle) { b.temporal.refund = nil })
		b.post(t, goodRefund, "k").refused(t, http.StatusUnprocessableEntity, place.KeyReused)
	})
	t.Run("SoIsTheOrdersRecordOfOneThatWasRefusedOrHasNotPaid", func(t *testing.T) {
		t.Parallel()
		b := refundsOf(t, fakePart{})
		id := b.post(t, goodRefund, "k").refunded(t, http.StatusOK).Id
		for _, status := range []order.RefundStatus{order.RefundRefused, order.RefundPending} {
			same := order.Refund{Opening: order.RefundOpening{ID: id, Amount: eur(1850), TakeBack: true}, Status: status}
			less, keeps := same, same
			less.Amount, keeps.TakeBack = eur(1849), false
			for _, other := range []order.Refund{less, keeps} {
				b := refundsOf(t, fakePart{}, func(b *refundsBundle) { b.opened, b.temporal.refund = []order.Refund{other}, nil })
				b.post(t, goodRefund, "k").refused(t, http.StatusUnprocessableEntity, place.KeyReused)
			}
			b := refundsOf(t, fakePart{}, func(b *refundsBundle) { b.opened = []order.Refund{same} })
			b.post(t, goodRefund, "k").refunded(t, http.StatusOK)
		}
	})
	t.Run("OneThatGoesOnIsAccepted", func(t *testing.T) {
		t.Parallel()
		b := refundsOf(t, fakePart{}, func(b *refundsBundle) {
			b.ended = order.RefundPending
			b.temporal.refunding = func() (repay.View, error) {
				return repay.View{Input: b.started[0], Status: order.RefundPending}, nil
			}
		})
		require.Equal(t, contract.RefundPending, b.post(t, goodRefund, "k").refunded(t, http.StatusAccepted).Status)
		b.temporal.refunding = func() (repay.View, error) {
			return repay.View{}, errors.New("no worker at 10.0.0.7")
		}
		answer := b.post(t, goodRefund, "k")
		require.Contains(t, *answer.refused(t, http.StatusServiceUnavailable, fault.Unavailable).Detail, "goes on by itself")
		require.NotContains(t, answer.text, "10.0.0.7")
	})
	t.Run("TooMuchIsRefused", func(t *testing.T) {
		t.Parallel()
		b := refundsOf(t, fakePart{}, func(b *refundsBundle) { b.ended, b.code = order.RefundRefused, payment.RefundExceedsCapture })
		b.post(t, goodRefund, "k").refused(t, http.StatusConflict, payment.RefundExceedsCapture)
		b.temporal.refund = nil // not even asked
		for _, body := range []string{strings.Replace(goodRefund, "1850", "12601", 1), strings.Replace(goodRefund, "EUR", "USD", 1)} {
			b.post(t, body, "k2").refused(t, http.StatusConflict, payment.RefundExceedsCapture)
		}
	})
	t.Run("OnlyOfAConfirmedOrder", func(t *testing.T) {
		t.Parallel()
		for _, status := range []workflows.Status{workflows.StatusPending, workflows.StatusCancelled} {
			b := refundsOf(t, fakePart{}, func(b *refundsBundle) {
				b.temporal.query, b.temporal.refund = knows(status), nil
				b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
			})
			b.post(t, goodRefund, "k").refused(t, http.StatusConflict, refund.NotConfirmed)
		}
	})
	t.Run("NothingIsPaidBackUnseen", func(t *testing.T) {
		t.Parallel()
		b := refundsOf(t, fakePart{err: fault.Errorf(fault.Transient, fault.Unavailable, "away")}, func(b *refundsBundle) { b.temporal.refund = nil })
		b.post(t, goodRefund, "k").refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		b = refundsOf(t, fakePart{}, func(b *refundsBundle) {
			b.unread, b.temporal.refund = fault.Errorf(fault.Transient, fault.Unavailable, "away"), nil
		})
		b.post(t, goodRefund, "k").refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		askAdmin(t, b.admin, http.MethodGet, refundsPath, "", "Authorization: Bearer "+nightSecret).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
	})
	t.Run("TheBodyIsChecked", func(t *testing.T) {
		t.Parallel()
		b := refundsOf(t, fakePart{}, func(b *refundsBundle) { b.temporal.refund = nil })
		for body, pointer := range map[string]string{
			`{"reason": "x"}`: "/amount",
			`{"amount": {"amount": 0, "currency": "EUR"}, "reason": "x"}`:                             "/amount/amount",
			`{"amount": {"amount": 1, "currency": "EUR"}, "reason": ""}`:                              "/reason",
			`{"amount": {"amount": 1, "currency": "EUR"}, "reason": "card 4111 1111 1111 1111"}`:      "/reason",
			`{"amount": {"amount": 1, "currency": "EUR"}, "reason": "x", "take_back_stock": "maybe"}`: "/take_back_stock",
		} {
			p := b.post(t, body, "k").refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
			require.Equal(t, pointer, (*p.Errors)[0].Pointer, body)
		}
		b.post(t, strings.Replace(goodRefund, "{", `{"by": "someone else", `, 1), "k").refused(t, http.StatusBadRequest, problem.MalformedBody)
		b.request(t, refundsPath, goodRefund, "Authorization: Bearer "+nightSecret, "Content-Type: application/json").
			refused(t, http.StatusBadRequest, problem.KeyMissing)
	})
}

// A list has every refund that the order's record knows, whatever the payment service knows.
func TestListRefunds(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	opened := func(id string, minor int64, age time.Duration, s order.RefundStatus) order.Refund {
		return order.Refund{Opening: order.RefundOpening{ID: id, Amount: eur(minor), At: at.Add(age), TakeBack: true}, Status: s, NotedAt: at.Add(age + time.Minute)}
	}
	asked := func(id string, s paid.State, age time.Duration) paid.Record {
		return paid.Record{
			Note: paid.Note{ID: id, Reason: "broken", Reference: "case 7", By: "night", TakeBack: true}, State: s, Amount: eur(100),
			CreatedAt: at.Add(age), UpdatedAt: at.Add(age + time.Hour),
		}
	}
	declined := asked("declined", paid.Declined, 2)
	declined.DeclineCode = payment.RefundDeclined
	b := refundsOf(t, fakePart{refunds: []paid.Record{asked("taking-back", paid.Done, 1), declined, asked("lost", paid.Done, 6)}}, func(b *refundsBundle) {
		b.opened = []order.Refund{
			opened("taking-back", 100, 1, order.RefundPending), opened("declined", 100, 2, order.RefundRefused),
			opened("too-much", 9999, 3, order.RefundRefused), opened("beginning", 50, 4, order.RefundPending),
		}
		b.flags = []saga.Attention{
			{Step: "payment.refund", Code: "PROVIDER_TIMEOUT", Saga: "beginning", Since: at},
			{Step: "payment.refund", Saga: "another"},
			{Step: "shipping.book"},
		}
	})
	answer := askAdmin(t, b.admin, http.MethodGet, refundsPath, "", "Authorization: Bearer "+nightSecret)
	var all contract.Refunds
	require.NoError(t, json.Unmarshal([]byte(answer.text), &all))
	var ids []string
	of := map[string]contract.Refund{}
	for _, r := range all.Refunds {
		ids, of[r.Id] = append(ids, r.Id), r
	}
	require.Equal(t, []string{"taking-back", "declined", "too-much", "beginning", "lost"}, ids, "the oldest first")
	require.Equal(t, contract.RefundPending, of["taking-back"].Status, "money alone does not end it")
	require.Equal(t, []any{"broken", "case 7", "night", true}, []any{of["taking-back"].Reason, *of["taking-back"].Reference, of["taking-back"].By, of["taking-back"].TakeBackStock})
	require.Equal(t, at.Add(1).UTC(), of["taking-back"].CreatedAt)
	require.Equal(t, at.Add(1+time.Hour).UTC(), of["taking-back"].UpdatedAt)
	require.Equal(t, []any{contract.RefundRefused, string(payment.RefundDeclined)}, []any{of["declined"].Status, *of["declined"].Code})
	require.Equal(t, contract.Refund{
		Id: "too-much", Status: contract.RefundRefused, Amount: contract.Money{Amount: 9999, Currency: "EUR"}, TakeBackStock: true,
		CreatedAt: at.Add(3), UpdatedAt: at.Add(3 + time.Minute),
	}, of["too-much"])
	require.Equal(t, contract.RefundPending, of["beginning"].Status)
	require.Len(t, *of["beginning"].Attention, 1)
	require.Equal(t, "PROVIDER_TIMEOUT", (*of["beginning"].Attention)[0].Code)
	require.Nil(t, of["taking-back"].Attention)
	require.Equal(t, contract.RefundDone, of["lost"].Status, "the order's record does not have it")
}

// Each operation on refunds, as every caller.
func TestAccessToRefunds(t *testing.T) {
	t.Parallel()
	b := refundsOf(t, fakePart{refunds: []paid.Record{{
		Note: paid.Note{ID: "r1", Reason: "broken", By: "night"}, State: paid.Blocked, Amount: eur(1), DeclineCode: "X",
	}}})
	now := time.Now()
	for name, tc := range map[string]struct {
		header string
		want   int
	}{
		"Operator":       {"Authorization: Bearer " + nightSecret, http.StatusOK},
		"Support":        {b.accounts.sign(t, "staff_1", "s3", now, supportScopes...), http.StatusOK},
		"OperatorsToken": {b.accounts.sign(t, "staff_2", "s4", now, operatorScopes...), http.StatusOK},
		"Owner":          {b.accounts.sign(t, "cus_42", "s1", now, customerScopes...), http.StatusForbidden},
		"NoToken":        {"X-None: 1", http.StatusUnauthorized},
		"NoBearer":       {"Authorization: Basic " + nightSecret, http.StatusUnauthorized},
		"WrongSecret":    {"Authorization: Bearer " + daySecret, http.StatusUnauthorized},
		"Expired":        {b.accounts.sign(t, "staff_1", "s3", now.Add(-token.Lifetime-2*token.Leeway), supportScopes...), http.StatusUnauthorized},
		"Revoked":        {b.accounts.sign(t, "staff_1", "ended", now, supportScopes...), http.StatusUnauthorized},
		"WrongAudience":  {forAnother(t, b.accounts.private, "staff_1", "s3"), http.StatusUnauthorized},
	} {
		posted := b.post(t, goodRefund, "k", tc.header)
		require.Equal(t, tc.want, posted.StatusCode, "POST as %s: %s", name, posted.text)
		listed := askAdmin(t, b.admin, http.MethodGet, refundsPath, "", tc.header)
		require.Equal(t, tc.want, listed.StatusCode, "GET as %s: %s", name, listed.text)
		if tc.want == http.StatusOK {
			var all contract.Refunds
			require.NoError(t, json.Unmarshal([]byte(listed.text), &all))
			require.Len(t, all.Refunds, 1)
			require.Equal(t, contract.RefundRefused, all.Refunds[0].Status)
		}
	}
}
