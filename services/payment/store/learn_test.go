package store_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider/simulator"
)

// lose deletes our records of a capture, and then of its payment, as far as a backup
// from before them lacks it.
var lose = map[string][]string{
	"AllOfIt": {
		"DELETE FROM postings", "DELETE FROM invoices", "DELETE FROM transfers", "DELETE FROM payments", "DELETE FROM barrier",
	},
	"TheCapture": {
		"DELETE FROM postings WHERE kind = 'capture'", "DELETE FROM invoices", "DELETE FROM transfers", "DELETE FROM barrier WHERE step = 'payment.capture'",
		"UPDATE payments SET state = 'authorized', captured = 0",
	},
	"TheOutcomeOfTheAuthorization": {
		"DELETE FROM postings", "DELETE FROM invoices", "DELETE FROM transfers", "DELETE FROM barrier WHERE step = 'payment.capture'",
		"UPDATE barrier SET state = 'intent', outcome = ''", "UPDATE payments SET state = 'intent', captured = 0, provider_reference = ''",
	},
}

// An older copy of the database was restored, and the order is settled again: its money is
// taken, so nothing may be undone.
func TestASettleLearnsOfACaptureThatOurBooksHaveLost(t *testing.T) {
	t.Parallel()

	for name, statements := range lose {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, b *testBundle) {
				b.held(t, "s", simulator.TokenVisa)
				before, err := b.capture(t.Context(), "s")
				require.NoError(t, err)
				for _, s := range statements {
					require.NoError(t, b.db.Exec(s).Error)
				}

				settled, happened, err := b.SettleCapture(t.Context(), captureKey("s"))
				require.NoError(t, err)
				require.True(t, happened)
				require.Equal(t, []any{before.ProviderReference, before.Amount}, []any{settled.ProviderReference, settled.Amount})
				require.Equal(t, payment.Captured, b.payment(t, "s").State)
				b.requireBooksAgree(t.Context(), t)

				// The saga goes forward: it asks for each step again, with the token or, if that is
				// gone, without.
				for _, token := range []string{simulator.TokenVisa, ""} {
					held, err := b.authorize(t.Context(), "s", token)
					require.NoError(t, err)
					require.Equal(t, total, held.Amount)
				}
				again, err := b.capture(t.Context(), "s")
				require.NoError(t, err)
				require.Equal(t, settled, again)
				require.Equal(t, 1, b.wire.Calls(capture), "nothing is taken twice")
				b.requireBooksAgree(t.Context(), t)
			})
		})
	}
}

// Without an answer nobody knows whether the money is taken. Our books alone settle a saga that
// has not tried, and a young payment of one that says nothing.
func TestASettleWithoutTheProvidersAnswerWaitsForWhatMayBeLost(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		change  string
		tried   key.Tried
		decides bool
	}{
		"AYoungPayment":           {"UPDATE payments SET decline_code = ''", key.Unsaid, true},
		"AYoungOneThatMayBeTried": {"UPDATE payments SET decline_code = ''", key.Maybe, false},
		"AnOldPayment":            {"UPDATE payments SET created_at = '2026-01-01 00:00:00+00:00'", key.Unsaid, false},
		"NoPayment":               {"DELETE FROM payments", key.Unsaid, false},
		"NoPaymentAndNoTry":       {"DELETE FROM payments", key.Never, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, b *testBundle) {
				b.held(t, "s", simulator.TokenVisa)
				if strings.HasPrefix(name, "NoPayment") {
					require.NoError(t, b.db.Exec("DELETE FROM postings").Error)
				}
				require.NoError(t, b.db.Exec(tc.change).Error)
				b.wire.Down(find, 1)
				ctx := key.WithTried(t.Context(), tc.tried)
				_, happened, err := b.SettleCapture(ctx, captureKey("s"))
				require.False(t, happened)
				if tc.decides {
					require.NoError(t, err)
					return
				}
				requireFault(t, err, fault.Transient, payment.ProviderUnavailable)
				_, happened, err = b.SettleCapture(ctx, captureKey("s"))
				require.NoError(t, err)
				require.False(t, happened, "the provider has answered that nothing is taken")
			})
		})
	}
}

// A payment that was declined or voided has nothing to take, so the provider is not asked.
func TestASettleAsksOnlyForWhatMayBeTaken(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		_, err := b.authorize(t.Context(), "s", simulator.TokenDeclined)
		requireFault(t, err, fault.Business, payment.CardDeclined)
		asked := b.wire.Calls(find)
		_, happened, err := b.SettleCapture(t.Context(), captureKey("s"))
		require.NoError(t, err)
		require.False(t, happened)
		require.Equal(t, asked, b.wire.Calls(find))
	})
}
