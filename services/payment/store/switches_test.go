package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider/simulator"
)

func TestSwitches(t *testing.T) {
	t.Parallel()

	for token, c := range map[string]struct {
		authorize []fault.Code // of each attempt; "" is success
		capture   []fault.Code
	}{
		simulator.TokenVisa:               {[]fault.Code{""}, []fault.Code{""}},
		simulator.TokenDeclined:           {[]fault.Code{payment.CardDeclined, payment.CardDeclined}, nil},
		simulator.TokenInsufficientFunds:  {[]fault.Code{payment.InsufficientFunds, payment.InsufficientFunds}, nil},
		simulator.TokenExpiredCard:        {[]fault.Code{payment.ExpiredCard, payment.ExpiredCard}, nil},
		simulator.TokenSlow:               {[]fault.Code{""}, []fault.Code{""}},
		simulator.TokenTimeoutAfterCharge: {[]fault.Code{payment.ProviderTimeout, ""}, []fault.Code{""}},
		simulator.TokenCaptureLost:        {[]fault.Code{""}, []fault.Code{payment.ProviderTimeout, ""}},
		simulator.TokenCaptureDeclined:    {[]fault.Code{""}, []fault.Code{payment.CaptureDeclined, payment.CaptureDeclined}},
		simulator.TokenAuthExpired:        {[]fault.Code{""}, []fault.Code{payment.AuthExpired, payment.AuthExpired}},
		simulator.TokenUnavailable: {[]fault.Code{
			payment.ProviderUnavailable, payment.ProviderUnavailable, payment.ProviderUnavailable, "",
		}, []fault.Code{""}},
	} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, b *testBundle) {
				for i, want := range c.authorize {
					_, err := b.authorize(t.Context(), "s", token)
					require.Equal(t, want, fault.CodeOf(err), "attempt %d to authorize: %v", i+1, err)
				}
				for i, want := range c.capture {
					_, err := b.capture(t.Context(), "s")
					require.Equal(t, want, fault.CodeOf(err), "attempt %d to capture: %v", i+1, err)
				}
				b.requireBooksAgree(t.Context(), t)
			})
		})
	}
}

func TestTokenUnknownIsNeitherConfirmedNorTakenBackUntilTheProviderSpeaks(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		for range 3 {
			_, err := b.authorize(t.Context(), "s", simulator.TokenUnknown)
			requireFault(t, err, fault.Unknown, payment.ProviderTimeout)
			requireFault(t, b.Void(t.Context(), authorizeKey("s")), fault.Unknown, payment.ProviderTimeout)
		}
		require.Equal(t, payment.Intent, b.payment(t, "s").State)
		require.Equal(t, 1, b.wire.Calls(authorize), "a retry asks and does not call again")
		b.clock.Forward(2 * time.Minute)
		require.NoError(t, b.Void(t.Context(), authorizeKey("s")))
		require.Equal(t, payment.Voided, b.payment(t, "s").State)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestNoTableHoldsTheToken(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.taken(t, "s")
		_, err := b.authorize(t.Context(), "s2", simulator.TokenDeclined)
		require.Error(t, err)
		for _, table := range []string{"barrier", "payments", "transfers", "postings", "invoices"} {
			var rows []map[string]any
			require.NoError(t, b.db.Table(table).Find(&rows).Error)
			require.NotEmpty(t, rows, table)
			for _, row := range rows {
				for column, v := range row {
					require.NotContains(t, fmt.Sprintf("%s", v), "tok_", "%s.%s", table, column)
				}
			}
		}
	})
}
