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

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/internal/orders/invoice"
	"github.com/amends/amends/internal/orders/read"
)

// refunds is an admin address beside the platform's API.
func (p *platform) refunds(t *testing.T) string {
	t.Helper()
	c := api.DefaultConfig()
	c.Orders.Queue, c.Orders.RepairTimeout = p.queues["order"], 3*time.Second
	quiet := slog.New(slog.DiscardHandler)
	a, err := api.New(c, p.client, api.WithLogger(quiet), api.WithOrders(p.Orders), api.WithServices(shop.Services{Payment: p.Payments}))
	require.NoError(t, err)
	h := httptest.NewServer(api.NewAdmin(api.Admin{Repairs: a, Operators: []operator.Operator{{Name: "day", Secret: "day-day-day-day-day"}}, Logger: quiet}))
	t.Cleanup(h.Close)
	return h.URL
}

// patient waits longer than the admin address takes for an answer.
var patient = &http.Client{Timeout: time.Minute}

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
	ctx, stop := context.WithTimeout(t.Context(), 90*time.Second)
	defer stop()
	id := p.insist(t, "", "wait=30", placement()).order.ID
	eventually(t, "the order is confirmed", func() bool { return p.get(t, id).order.Status == confirmed })
	total := p.get(t, id).order.Total.Minor
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
