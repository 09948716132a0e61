package store_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/provider/simulator"
)

func TestSettle(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		token    string
		before   func(t *testing.T, b *testBundle)
		happened bool
		late     fault.Code // what a capture gets afterwards
	}{
		"OfNothingBlocks": {token: simulator.TokenVisa, before: func(*testing.T, *testBundle) {}, late: fault.Suspended},
		"OfDoneAnswersTheCapture": {token: simulator.TokenVisa, happened: true, before: func(t *testing.T, b *testBundle) {
			t.Helper()
			_, err := b.capture(t.Context(), "s")
			require.NoError(t, err)
		}},
		"OfRefusedSaysNo": {token: simulator.TokenCaptureDeclined, late: payment.CaptureDeclined, before: func(t *testing.T, b *testBundle) {
			t.Helper()
			_, err := b.capture(t.Context(), "s")
			requireFault(t, err, fault.Business, payment.CaptureDeclined)
		}},
		"OfAnIntentThatNeverArrivedBlocksHereAndThere": {token: simulator.TokenVisa, late: fault.Suspended, before: func(t *testing.T, b *testBundle) {
			t.Helper()
			b.wire.Down(capture, 1)
			_, err := b.capture(t.Context(), "s")
			requireFault(t, err, fault.Transient, payment.ProviderUnavailable)
		}},
		"OfAnIntentThatTookEffectRecordsIt": {token: simulator.TokenVisa, happened: true, before: func(t *testing.T, b *testBundle) {
			t.Helper()
			b.wire.Lose(capture, 1)
			_, err := b.capture(t.Context(), "s")
			requireFault(t, err, fault.Unknown, payment.ProviderTimeout)
		}},
		"OfAnIntentThatWasDeclinedRecordsThat": {token: simulator.TokenAuthExpired, late: payment.AuthExpired, before: func(t *testing.T, b *testBundle) {
			t.Helper()
			b.wire.Lose(capture, 1)
			_, err := b.capture(t.Context(), "s")
			requireFault(t, err, fault.Unknown, payment.ProviderTimeout)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, b *testBundle) {
				b.held(t, "s", c.token)
				c.before(t, b)
				first, happened, err := b.SettleCapture(t.Context(), captureKey("s"))
				require.NoError(t, err)
				require.Equal(t, c.happened, happened)
				again, happened, err := b.SettleCapture(t.Context(), captureKey("s"))
				require.NoError(t, err)
				require.Equal(t, c.happened, happened)
				require.Equal(t, first, again)

				late, err := b.capture(t.Context(), "s")
				if c.happened {
					require.NoError(t, err)
					require.Equal(t, first, late)
					require.Equal(t, payment.Captured, b.payment(t, "s").State)
				} else {
					require.Equal(t, c.late, fault.CodeOf(err))
					require.Zero(t, first)
					require.NoError(t, b.Void(t.Context(), authorizeKey("s")))
				}
				require.LessOrEqual(t, b.wire.Calls(capture), 1)
				b.requireBooksAgree(t.Context(), t)
			})
		})
	}
}

func TestSettleThatCannotTellDecidesNothing(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.held(t, "s", simulator.TokenCaptureLost)
		_, err := b.capture(t.Context(), "s")
		requireFault(t, err, fault.Unknown, payment.ProviderTimeout)

		b.wire.Down(forbid, 1)
		_, _, err = b.SettleCapture(t.Context(), captureKey("s"))
		requireFault(t, err, fault.Transient, payment.ProviderUnavailable)
		b.wire.Lose(forbid, 1)
		_, _, err = b.SettleCapture(t.Context(), captureKey("s"))
		requireFault(t, err, fault.Unknown, payment.ProviderTimeout)

		_, err = b.capture(t.Context(), "s")
		require.NoError(t, err, "the capture's retry asks and finds it")
		_, happened, err := b.SettleCapture(t.Context(), captureKey("s"))
		require.NoError(t, err)
		require.True(t, happened)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestALateCaptureIsRefusedAtTheProviderToo(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.held(t, "s", simulator.TokenVisa)
		b.wire.Down(capture, 1)
		_, err := b.capture(t.Context(), "s")
		requireFault(t, err, fault.Transient, payment.ProviderUnavailable)
		_, happened, err := b.SettleCapture(t.Context(), captureKey("s"))
		require.NoError(t, err)
		require.False(t, happened)

		_, err = b.book.Capture(t.Context(), provider.Capture{
			Key: captureKey("s").String(), Authorization: authorizeKey("s").String(), Amount: total,
		})
		require.ErrorIs(t, err, provider.ErrForbidden)
		require.Equal(t, payment.Authorized, b.payment(t, "s").State)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestCaptureAndSettleAtOnceAgree(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		for round := range 20 {
			saga := fmt.Sprintf("s%d", round)
			b.held(t, saga, simulator.TokenVisa)
			var taken, settled payment.Capture
			var happened bool
			var captured, failed error
			race(2, func(i int) {
				if i == 0 {
					taken, captured = b.capture(t.Context(), saga)
					return
				}
				settled, happened, failed = b.SettleCapture(t.Context(), captureKey(saga))
			})
			require.NoError(t, failed)
			if happened {
				require.NoError(t, captured)
				require.Equal(t, taken, settled)
			} else {
				requireFault(t, captured, fault.Suspension, fault.Suspended)
				require.NoError(t, b.Void(t.Context(), authorizeKey(saga)))
			}
		}
		b.requireBooksAgree(t.Context(), t)
	})
}
