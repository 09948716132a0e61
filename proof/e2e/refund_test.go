package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	derive "github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/orders/invoice"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/internal/orders/sagas"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	paymentoutside "github.com/amends/amends/services/payment/outside"
	paid "github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/worker/registry"
	"github.com/amends/amends/workflows/repay"
)

// refunds is an admin address beside the platform's API.
func (p *platform) refunds(t *testing.T) string {
	t.Helper()
	c := api.DefaultConfig()
	c.Orders.Queue, c.Orders.RepairTimeout = p.queues["order"], 3*time.Second
	quiet := slog.New(slog.DiscardHandler)
	a, err := api.New(c, p.client, api.WithLogger(quiet), api.WithOrders(p.Orders), api.WithServices(shop.Services{Order: p.Orders, Payment: p.Payments}))
	require.NoError(t, err)
	h := httptest.NewServer(api.NewAdmin(api.Admin{Repairs: a, Operators: []operator.Operator{{Name: "day", Secret: "day-day-day-day-day"}}, Logger: quiet}))
	t.Cleanup(h.Close)
	return h.URL
}

// patient waits longer than the admin address takes for an answer.
var patient = &http.Client{Timeout: 2 * time.Minute}

// tryRefund asks for a refund until the answer is no 503, and returns its status.
func tryRefund(ctx context.Context, admin, id, key string, minor int64) (status int, made contract.Refund, err error) {
	body := fmt.Sprintf(`{"amount": {"amount": %d, "currency": "EUR"}, "reason": "broken", "take_back_stock": true}`, minor)
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, admin+"/v1/orders/"+id+"/refunds", strings.NewReader(body))
		if err != nil {
			return 0, made, err
		}
		r.Header = http.Header{"Authorization": {"Bearer day-day-day-day-day"}, "Idempotency-Key": {key}, "Content-Type": {"application/json"}}
		answer, err := patient.Do(r)
		if err != nil {
			return 0, made, err
		}
		text, err := io.ReadAll(answer.Body)
		switch status = answer.StatusCode; {
		case errors.Join(err, answer.Body.Close()) != nil:
			return 0, made, err
		case status == http.StatusServiceUnavailable:
		case status >= http.StatusMultipleChoices:
			return status, made, nil
		default:
			return status, made, json.Unmarshal(text, &made)
		}
	}
}

// Of twenty refunds at once of a sixth of the capture each, every one asked for twice, six
// pay back; a refund that waits for the payment service is the same one afterwards.
func TestRefundsNeverExceedTheCapture(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, 10*time.Minute)
	ctx, stop := context.WithTimeout(t.Context(), 2*patience)
	defer stop()
	id := p.insist(t, "", "wait=30", placement()).order.ID
	eventually(t, "the order is confirmed", func() bool { return p.get(t, id).order.Status == confirmed })
	total := p.inFull(t, id).Total.Minor
	admin := p.refunds(t)

	// Repeated while the payment service is away, it is one refund.
	p.stop("payment")
	status, first, err := tryRefund(ctx, admin, id, "first", total/6)
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, status)
	p.start(t, "payment")
	eventually(t, "it is paid back", func() bool {
		status, now, err := tryRefund(ctx, admin, id, "first", total/6)
		require.NoError(t, err)
		require.Equal(t, first.Id, now.Id)
		return status == http.StatusOK && now.Status == contract.RefundDone
	})

	type outcome struct {
		status int
		made   contract.Refund
		err    error
	}
	all := make([]outcome, 40)
	var done sync.WaitGroup
	for i := range all {
		done.Go(func() {
			o := &all[i]
			for o.status = http.StatusAccepted; o.status == http.StatusAccepted && o.err == nil; {
				o.status, o.made, o.err = tryRefund(ctx, admin, id, fmt.Sprint("key-", i/2), total/6)
			}
		})
	}
	done.Wait()
	ids, refused := map[string]bool{first.Id: true}, 0
	for _, o := range all {
		require.NoError(t, o.err)
		if o.status == http.StatusConflict {
			refused++
			continue
		}
		require.Equal(t, http.StatusOK, o.status)
		ids[o.made.Id] = true
	}
	require.Len(t, ids, 6)
	require.Equal(t, 40-2*5, refused, "a repeat gets the answer of the first")
	payment, err := p.Payments.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, 6*(total/6), payment.Refunded)

	// The invoice is that of the records.
	rec, err := p.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	order, err := read.OfRecord(rec)
	require.NoError(t, err)
	refunds, err := p.Payments.Refunds(t.Context(), id)
	require.NoError(t, err)
	made, err := invoice.Of(order, payment, refunds)
	require.NoError(t, err)
	require.Equal(t, []int64{total, 6 * (total / 6), total % 6}, []int64{made.Total.Minor, made.Credited.Minor, made.Remaining.Minor})
	require.Len(t, made.Credits, 6)
	require.NoError(t, p.Check(t.Context()))
}

// A refund that has no answer of the provider is seen by the person on call, and repaired;
// one whose workflow was terminated is seen too, and the doctor resumes it.
func TestAStuckRefundIsSeenAndRepaired(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, 10*time.Minute)
	ctx, stop := context.WithTimeout(t.Context(), 2*patience)
	defer stop()
	id := p.insist(t, "", "wait=30", placement()).order.ID
	eventually(t, "the order is confirmed", func() bool { return p.get(t, id).order.Status == confirmed })
	admin := p.refunds(t)
	p.restartOrder(t, impatient, nil, nil)
	money := p.mute(t)

	status, made, err := tryRefund(ctx, admin, id, "first", 100)
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, status)
	list := watch.New(watch.Config{Orders: p.Orders, Words: registry.Words()})
	var flag watch.Flag
	eventually(t, "the order is listed", func() bool {
		found, all, err := list.Flagged(ctx, "CONFIRMED", 10)
		require.NoError(t, err)
		if all == 1 {
			require.Equal(t, id, found[0].ID)
			flag = found[0].Attention[0]
		}
		return all == 1
	})
	require.Equal(t, []any{"payment.refund", made.Id, "money paid back"}, []any{flag.Step, flag.Saga, flag.Owed})
	require.Contains(t, flag.Reason, "it is not known whether the money was paid back")
	var seen reply
	eventually(t, "its customer's order is flagged, too", func() bool { // a starved record lets the engine answer
		seen = p.get(t, id)
		return seen.order.NeedsAttention
	})
	require.Equal(t, made.Id, seen.order.Attention[0].Saga)

	ask := func(action, refund, step string) (code int, o contract.OperatorsOrder) {
		body := fmt.Sprintf(`{"step": %q, "refund": %q, "action": %q, "reason": "the provider is back", "reference": "case 7"}`, step, refund, action)
		eventually(t, "the repair is answered in the time of this address", func() bool {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, admin+"/v1/orders/"+id+"/repair", strings.NewReader(body))
			require.NoError(t, err)
			r.Header = http.Header{"Authorization": {"Bearer day-day-day-day-day"}, "Content-Type": {"application/json"}}
			answer, err := patient.Do(r)
			require.NoError(t, err)
			defer answer.Body.Close()
			code, o = answer.StatusCode, contract.OperatorsOrder{}
			_ = json.NewDecoder(answer.Body).Decode(&o) // a refusal is none
			return code != http.StatusServiceUnavailable
		})
		return code, o
	}
	for step, want := range map[string]int{"payment.refund": http.StatusConflict, "inventory.take_back": http.StatusConflict, "payment.void": http.StatusUnprocessableEntity} {
		status, _ := ask("skip", made.Id, step)
		require.Equal(t, want, status, step)
	}
	status, _ = ask("retry", uuid.NewString(), "payment.refund")
	require.Equal(t, http.StatusNotFound, status, "another refund")
	money.mute.Store(false)
	eventually(t, "the repair is made", func() bool {
		status, o := ask("retry", made.Id, "payment.refund")
		if status == http.StatusOK && len(o.Repairs) > 0 {
			require.Equal(t, []any{"payment.refund", "retry", "day", made.Id}, []any{o.Repairs[0].Step, o.Repairs[0].Action, o.Repairs[0].Operator, *o.Repairs[0].Saga})
		}
		return status == http.StatusConflict // it has ended
	})
	eventually(t, "the flag is down", func() bool { return !p.get(t, id).order.NeedsAttention })
	var record order.Record
	eventually(t, "the refund is closed, which follows the step that was flagged", func() bool {
		record, err = p.Orders.Get(ctx, id)
		require.NoError(t, err)
		return record.Refunded == 100
	})
	require.Equal(t, []any{"retry", "day", "the provider is back", "case 7", made.Id}, []any{
		string(record.Repairs[0].Action), record.Repairs[0].Operator, record.Repairs[0].Reason, record.Repairs[0].Reference, record.Repairs[0].Saga,
	})

	money.mute.Store(true)
	_, made, err = tryRefund(ctx, admin, id, "second", 200)
	require.NoError(t, err)
	require.NoError(t, p.client.TerminateWorkflow(ctx, repay.WorkflowID(made.Id), "", "test"))
	money.mute.Store(false)
	status, _ = ask("retry", made.Id, "payment.refund")
	require.Equal(t, http.StatusConflict, status, "it is stopped")
	pending, err := p.Orders.PendingRefundsOf(ctx, id)
	require.NoError(t, err)
	require.Len(t, pending, 1)
	require.NoError(t, sagas.New(p.client, p.client.Payloads.Data, p.queues["order"]).ResumeRefund(ctx, pending[0]))
	eventually(t, "it has ended", func() bool {
		pending, err = p.Orders.PendingRefundsOf(ctx, id)
		return err == nil && len(pending) == 0
	})
	require.NoError(t, p.Check(ctx))
}

// The records remember a refund for as long as its order, and the engine forgets its workflow:
// its key is for no other refund, also if it was refused, or stopped before any money moved.
func TestTheKeyOfARefundIsRememberedWithoutTheEngine(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, 10*time.Minute)
	ctx, stop := context.WithTimeout(t.Context(), 2*patience)
	defer stop()
	id := p.insist(t, "", "wait=30", placement()).order.ID
	eventually(t, "the order is confirmed", func() bool { return p.get(t, id).order.Status == confirmed })
	total, admin := p.inFull(t, id).Total.Minor, p.refunds(t)
	ask := func(key string, minor int64) int {
		status, _, err := tryRefund(ctx, admin, id, key, minor)
		require.NoError(t, err)
		return status
	}
	eventually(t, "it is made", func() bool {
		status := ask("most", total-100)
		require.Contains(t, []int{http.StatusOK, http.StatusAccepted}, status)
		return status == http.StatusOK
	})

	// The steps of a refund that was refused, whose workflow is past its retention.
	refundID, number := derive.Refund(id, "refused")
	k := func(step string) key.Key { return key.Key{Saga: id, Step: step, Generation: number} }
	amount := money.New(200, "EUR")
	opening := order.RefundOpening{ID: refundID, Amount: amount, TakeBack: true, At: time.Now()}
	require.NoError(t, p.Orders.OpenRefund(ctx, k("order.open_refund"), opening))
	_, err := paymentoutside.New(p.Payments, p.Provider, paymentoutside.Options{}).Refund(ctx, k("payment.refund"), payment.RefundRequest{Amount: amount, Note: paid.Note{ID: refundID}})
	require.Equal(t, payment.RefundExceedsCapture, fault.CodeOf(err))
	require.NoError(t, p.Orders.CloseRefund(ctx, k("order.refuse_refund"), order.RefundClosing{Status: order.RefundRefused, Opening: opening}))
	require.Equal(t, http.StatusUnprocessableEntity, ask("refused", 50))
	require.Equal(t, http.StatusConflict, ask("refused", 200), "a repeat is answered as the first one")

	p.stop("payment")
	require.Equal(t, http.StatusAccepted, ask("stopped", 30))
	refundID, _ = derive.Refund(id, "stopped")
	require.NoError(t, p.client.TerminateWorkflow(ctx, repay.WorkflowID(refundID), "", "test"))
	require.Equal(t, http.StatusUnprocessableEntity, ask("stopped", 40))
	p.start(t, "payment")
	eventually(t, "it goes on", func() bool { return ask("stopped", 30) == http.StatusOK })

	rec, err := p.Orders.Get(ctx, id)
	require.NoError(t, err)
	require.Empty(t, rec.Attention)
	require.Equal(t, total-70, rec.Refunded)
	require.NoError(t, p.Check(ctx))
}
