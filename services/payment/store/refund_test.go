package store_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider/simulator"
	paid "github.com/amends/amends/services/payment/refund"
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

var note = paid.Note{ID: "r1", Reason: "broken in transit", Reference: "case 7", By: "ada", TakeBack: true}

func TestSettleOfARefund(t *testing.T) {
	t.Parallel()

	ask := payment.RefundRequest{Amount: total, Note: note}
	for name, c := range map[string]struct {
		before   func(t *testing.T, b *testBundle)
		happened bool
		late     fault.Code // what a refund gets afterwards
		left     paid.State
	}{
		"OfNothingBlocks": {before: func(*testing.T, *testBundle) {}, late: fault.Suspended},
		"OfDoneAnswersTheRefund": {happened: true, left: paid.Done, before: func(t *testing.T, b *testBundle) {
			t.Helper()
			_, err := b.Refund(t.Context(), refundKey("s", 7), ask)
			require.NoError(t, err)
		}},
		"OfRefusedSaysNo": {late: payment.RefundExceedsCapture, left: paid.Declined, before: func(t *testing.T, b *testBundle) {
			t.Helper()
			b.refundPastUs(t, "s", total)
			_, err := b.Refund(t.Context(), refundKey("s", 7), ask)
			requireFault(t, err, fault.Business, payment.RefundExceedsCapture)
		}},
		"OfAnIntentThatNeverArrivedBlocksHereAndThere": {late: fault.Suspended, left: paid.Blocked, before: func(t *testing.T, b *testBundle) {
			t.Helper()
			b.wire.Down(refund, 1)
			_, err := b.Refund(t.Context(), refundKey("s", 7), ask)
			requireFault(t, err, fault.Transient, payment.ProviderUnavailable)
		}},
		"OfAnIntentThatTookEffectRecordsIt": {happened: true, left: paid.Done, before: func(t *testing.T, b *testBundle) {
			t.Helper()
			b.wire.Lose(refund, 1)
			_, err := b.Refund(t.Context(), refundKey("s", 7), ask)
			requireFault(t, err, fault.Unknown, payment.ProviderTimeout)
		}},
		"OfAnIntentThatWasDeclinedRecordsThat": {late: payment.RefundExceedsCapture, left: paid.Declined, before: func(t *testing.T, b *testBundle) {
			t.Helper()
			b.refundPastUs(t, "s", total)
			b.wire.Lose(refund, 1)
			_, err := b.Refund(t.Context(), refundKey("s", 7), ask)
			requireFault(t, err, fault.Unknown, payment.ProviderTimeout)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, b *testBundle) {
				b.taken(t, "s")
				c.before(t, b)
				first, happened, err := b.SettleRefund(t.Context(), refundKey("s", 7))
				require.NoError(t, err)
				require.Equal(t, c.happened, happened)
				again, happened, err := b.SettleRefund(t.Context(), refundKey("s", 7))
				require.NoError(t, err)
				require.Equal(t, c.happened, happened)
				require.Equal(t, first, again)

				late, err := b.Refund(t.Context(), refundKey("s", 7), ask)
				require.Equal(t, c.late, fault.CodeOf(err))
				if c.happened {
					require.Equal(t, first, late)
				} else {
					require.Zero(t, first)
				}
				p := b.payment(t, "s")
				require.Zero(t, p.Refunding)
				require.Equal(t, c.happened, p.Refunded == total.Minor)
				require.LessOrEqual(t, b.wire.Calls(refund), 1)

				all, err := b.Refunds(t.Context(), "s")
				require.NoError(t, err)
				if c.left == "" {
					require.Empty(t, all, "nothing was asked of the provider")
					return
				}
				require.Len(t, all, 1)
				require.Equal(t, c.left, all[0].State)
				require.Equal(t, note, all[0].Note)
			})
		})
	}
}

func TestTwentySettlesAndARefundAgree(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.taken(t, "s")
		var happened, not atomic.Int64
		race(20, func(i int) {
			if i%2 == 0 {
				_, _ = b.Refund(t.Context(), refundKey("s", 1), payment.RefundRequest{Amount: total, Note: note})
				return
			}
			switch _, did, err := b.SettleRefund(t.Context(), refundKey("s", 1)); {
			case err != nil: // decided nothing
			case did:
				happened.Add(1)
			default:
				not.Add(1)
			}
		})
		_, did, err := b.SettleRefund(t.Context(), refundKey("s", 1))
		require.NoError(t, err)
		require.False(t, happened.Load() > 0 && not.Load() > 0, "an answer holds for ever")
		require.True(t, happened.Load() == 0 || did)
		require.True(t, not.Load() == 0 || !did)
		require.Equal(t, did, b.payment(t, "s").Refunded == total.Minor)
		b.requireBooksAgree(t.Context(), t)
	})
}
