package store_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider/simulator"
)

func TestRefundTwiceIsOnce(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		taken := b.taken(t, "s")
		var answers [2]payment.Refund
		for i := range answers {
			var err error
			answers[i], err = b.Refund(t.Context(), refundKey("s", 0), payment.RefundRequest{Amount: eur(100)})
			require.NoError(t, err)
		}
		require.Equal(t, answers[0], answers[1])
		require.Equal(t, taken.PaymentID, answers[0].PaymentID)
		require.Equal(t, 1, b.wire.Calls(refund))
		require.Equal(t, payment.Captured, b.payment(t, "s").State)

		_, err := b.Refund(t.Context(), refundKey("s", 1), payment.RefundRequest{Amount: eur(total.Minor - 100)})
		require.NoError(t, err)
		require.Equal(t, payment.Refunded, b.payment(t, "s").State)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestRefundBeyondTheCaptureIsRefusedForGood(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.taken(t, "s")
		for range 2 {
			_, err := b.Refund(t.Context(), refundKey("s", 0), payment.RefundRequest{Amount: eur(total.Minor + 1)})
			requireFault(t, err, fault.Business, payment.RefundExceedsCapture)
		}
		require.Zero(t, b.wire.Calls(refund))
		_, err := b.Refund(t.Context(), refundKey("s", 1), payment.RefundRequest{Amount: total})
		require.NoError(t, err)
		_, err = b.Refund(t.Context(), refundKey("s", 2), payment.RefundRequest{Amount: eur(1)})
		requireFault(t, err, fault.Business, payment.RefundExceedsCapture)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestRefundOfWhatWasNotCapturedIsABug(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.held(t, "s", simulator.TokenVisa)
		_, err := b.Refund(t.Context(), refundKey("s", 0), payment.RefundRequest{Amount: eur(1)})
		requireFault(t, err, fault.Bug, payment.NothingCaptured)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestARefundOnItsWayCountsAndIsFound(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.taken(t, "s")
		b.wire.Lose(refund, 1)
		_, err := b.Refund(t.Context(), refundKey("s", 0), payment.RefundRequest{Amount: total})
		requireFault(t, err, fault.Unknown, payment.ProviderTimeout)
		require.Equal(t, total.Minor, b.payment(t, "s").Refunding)
		_, err = b.Refund(t.Context(), refundKey("s", 1), payment.RefundRequest{Amount: eur(1)})
		requireFault(t, err, fault.Business, payment.RefundExceedsCapture)

		_, err = b.Refund(t.Context(), refundKey("s", 0), payment.RefundRequest{Amount: total})
		require.NoError(t, err)
		require.Equal(t, 1, b.wire.Calls(refund), "the retry asked and found it")
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestARefundThatTheProviderDeclinesIsSetFree(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.taken(t, "s")
		// An operator refunded at the provider itself, past us.
		b.refundPastUs(t, "s", total)
		_, err := b.Refund(t.Context(), refundKey("s", 0), payment.RefundRequest{Amount: eur(1)})
		requireFault(t, err, fault.Business, payment.RefundExceedsCapture)
		p := b.payment(t, "s")
		require.Zero(t, p.Refunding)
		require.Zero(t, p.Refunded)
	})
}

func TestTwentyRefundsOfATenthEachPayBackTen(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.taken(t, "s")
		var paid, refused atomic.Int64
		race(20, func(i int) {
			_, err := b.Refund(t.Context(), refundKey("s", i), payment.RefundRequest{Amount: eur(total.Minor / 10)})
			switch fault.CodeOf(err) {
			case "":
				paid.Add(1)
			case payment.RefundExceedsCapture:
				refused.Add(1)
			}
		})
		require.EqualValues(t, 10, paid.Load())
		require.EqualValues(t, 10, refused.Load())
		require.Equal(t, payment.Refunded, b.payment(t, "s").State)
		b.requireBooksAgree(t.Context(), t)
	})
}
