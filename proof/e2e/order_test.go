package e2e_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/order"
)

//nolint:tparallel // the orders share a platform, and are judged one after the other
func TestAnOrderIsDecided(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	for name, tc := range map[string]struct {
		change map[string]any
		status order.Status
		reason order.Reason
	}{
		"Confirmed":          {nil, confirmed, ""},
		"UnknownSKU":         {lines("NOPE", 1), cancelled, order.UnknownSKU},
		"CurrencyMismatch":   {map[string]any{"currency": "USD"}, cancelled, order.CurrencyMismatch},
		"OutOfStock":         {lines("SOLD-OUT", 1), cancelled, order.OutOfStock},
		"Declined":           {tok("tok_declined"), cancelled, order.PaymentDeclined},
		"CaptureDeclined":    {tok("tok_capture_declined"), cancelled, order.PaymentDeclined},
		"AuthorizeReplyLost": {tok("tok_timeout_after_charge"), confirmed, ""},
		"CaptureReplyLost":   {tok("tok_capture_lost"), confirmed, ""},
		"ProviderDown":       {tok("tok_unavailable"), confirmed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			body := placement()
			maps.Copy(body, tc.change)
			r := p.place(t, "", "wait=30", body)
			require.Equal(t, http.StatusOK, r.status)
			require.Equal(t, tc.status, r.order.Status)
			require.Equal(t, tc.reason, r.order.Reason)
			require.NoError(t, p.Check(t.Context()))
			require.Equal(t, r.order.Status, p.get(t, r.order.ID).order.Status)
		})
	}
}
