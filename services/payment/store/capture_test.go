package store_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider/simulator"
)

func TestCaptureTwiceIsOnce(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		first := b.taken(t, "s")
		again, err := b.capture(t.Context(), "s")
		require.NoError(t, err)
		require.Equal(t, first, again)
		require.Equal(t, 1, b.wire.Calls(capture))

		invoices, err := b.store.Invoices(t.Context())
		require.NoError(t, err)
		require.Len(t, invoices, 1)
		require.Equal(t, first.InvoiceNumber, invoices[0].Number)
		require.Equal(t, first.PaymentID, invoices[0].PaymentID)
		require.Equal(t, total, invoices[0].Amount)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestCaptureOrRefundOfAnotherAmountIsAMismatch(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.taken(t, "s")
		_, err := b.Capture(t.Context(), captureKey("s"), payment.CaptureRequest{Amount: eur(1)})
		requireFault(t, err, fault.Bug, fault.Mismatch)
		_, err = b.Refund(t.Context(), refundKey("s", 0), payment.RefundRequest{Amount: eur(2)})
		require.NoError(t, err)
		_, err = b.Refund(t.Context(), refundKey("s", 0), payment.RefundRequest{Amount: eur(1)})
		requireFault(t, err, fault.Bug, fault.Mismatch)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestCaptureOfNothingOrTooMuchIsABug(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		_, err := b.capture(t.Context(), "s")
		requireFault(t, err, fault.Bug, payment.NothingAuthorized)

		b.held(t, "s", simulator.TokenVisa)
		_, err = b.Capture(t.Context(), captureKey("s"), payment.CaptureRequest{Amount: eur(total.Minor + 1)})
		requireFault(t, err, fault.Bug, payment.CaptureExceedsAuthorization)
		require.Zero(t, b.wire.Calls(capture))

		_, err = b.capture(t.Context(), "s")
		require.NoError(t, err, "a bug records nothing")
		_, err = b.Capture(t.Context(), key.Key{Saga: "s", Step: "payment.capture", Generation: 1}, payment.CaptureRequest{Amount: total})
		requireFault(t, err, fault.Bug, payment.NothingAuthorized)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestAPartialCaptureLetsTheRestGo(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.held(t, "s", simulator.TokenVisa)
		got, err := b.Capture(t.Context(), captureKey("s"), payment.CaptureRequest{Amount: eur(100)})
		require.NoError(t, err)
		require.Equal(t, eur(100), got.Amount)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestADeclinedCaptureIsStickyAndCanBeVoided(t *testing.T) {
	t.Parallel()

	for token, code := range map[string]fault.Code{
		simulator.TokenCaptureDeclined: payment.CaptureDeclined,
		simulator.TokenAuthExpired:     payment.AuthExpired,
	} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, b *testBundle) {
				b.held(t, "s", token)
				for range 2 {
					_, err := b.capture(t.Context(), "s")
					requireFault(t, err, fault.Business, code)
				}
				require.Equal(t, 1, b.wire.Calls(capture))
				_, happened, err := b.SettleCapture(t.Context(), captureKey("s"))
				require.NoError(t, err)
				require.False(t, happened)
				require.NoError(t, b.Void(t.Context(), authorizeKey("s")))
				require.Equal(t, payment.Voided, b.payment(t, "s").State)
				b.requireBooksAgree(t.Context(), t)
			})
		})
	}
}

func TestInvoiceNumbersAreUniqueAndWithoutGaps(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		const n = 12
		for i := range n {
			b.held(t, fmt.Sprintf("s%d", i), simulator.TokenVisa)
		}
		var failed atomic.Int64
		race(n, func(i int) {
			if _, err := b.capture(t.Context(), fmt.Sprintf("s%d", i)); err != nil {
				failed.Add(1)
			}
		})
		require.Zero(t, failed.Load())
		invoices, err := b.store.Invoices(t.Context())
		require.NoError(t, err)
		require.Len(t, invoices, n)
		for i, invoice := range invoices {
			require.Equal(t, fmt.Sprintf("INV-%08d", i+1), invoice.Number)
		}
	})
}

func TestTwentyCapturesAreOne(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.held(t, "s", simulator.TokenVisa)
		var answers [20]payment.Capture
		var failed atomic.Int64
		race(len(answers), func(i int) {
			var err error
			if answers[i], err = b.capture(t.Context(), "s"); err != nil {
				failed.Add(1)
			}
		})
		require.Zero(t, failed.Load())
		for _, a := range answers {
			require.Equal(t, answers[0], a)
		}
		b.requireBooksAgree(t.Context(), t)
	})
}

// An order that costs nothing passes its pivot, and moves no money.
func TestACaptureOfZeroIsRecordedAndMovesNothing(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		nothing := payment.CaptureRequest{Amount: eur(0)}
		for range 2 {
			got, err := b.Capture(t.Context(), captureKey("free"), nothing)
			require.NoError(t, err)
			require.Equal(t, payment.Capture{Amount: eur(0)}, got)
		}
		_, err := b.Capture(t.Context(), captureKey("free"), payment.CaptureRequest{Amount: eur(1)})
		requireFault(t, err, fault.Bug, fault.Mismatch)
		got, happened, err := b.SettleCapture(t.Context(), captureKey("free"))
		require.NoError(t, err)
		require.True(t, happened, "the saga is past its pivot")
		require.Equal(t, payment.Capture{Amount: eur(0)}, got)

		_, happened, err = b.SettleCapture(t.Context(), captureKey("never"))
		require.NoError(t, err)
		require.False(t, happened)
		_, err = b.Capture(t.Context(), captureKey("never"), nothing)
		requireFault(t, err, fault.Suspension, fault.Suspended)

		for _, list := range []func() (int, error){
			func() (int, error) { all, err := b.store.Payments(t.Context()); return len(all), err },
			func() (int, error) { all, err := b.store.Transfers(t.Context()); return len(all), err },
			func() (int, error) { all, err := b.store.Invoices(t.Context()); return len(all), err },
			func() (int, error) { all, err := b.store.Ledger(t.Context()); return len(all), err },
			func() (int, error) { all, err := b.book.Book(t.Context()); return len(all), err },
		} {
			n, err := list()
			require.NoError(t, err)
			require.Zero(t, n)
		}
		b.requireBooksAgree(t.Context(), t)

		b.held(t, "held", simulator.TokenVisa)
		_, err = b.Capture(t.Context(), captureKey("held"), nothing)
		requireFault(t, err, fault.Bug, fault.Conflict)
		_, err = b.capture(t.Context(), "held")
		require.NoError(t, err, "a bug records nothing")

		for _, a := range []money.Amount{eur(-1), {}} {
			_, err = b.Capture(t.Context(), captureKey("bad"), payment.CaptureRequest{Amount: a})
			requireFault(t, err, fault.Bug, fault.Invalid)
		}
		for _, f := range []func() error{
			func() error {
				_, err := b.Authorize(t.Context(), authorizeKey("bad"), payment.AuthorizeRequest{Amount: eur(0), Token: "t"})
				return err
			},
			func() error {
				_, err := b.Refund(t.Context(), refundKey("bad", 0), payment.RefundRequest{Amount: eur(0)})
				return err
			},
		} {
			requireFault(t, f(), fault.Bug, fault.Invalid)
		}
	})
}

func TestTheEndOfACaptureDoesNotTrustTheRowsOfItsIntent(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.held(t, "s", simulator.TokenVisa)
		in, err := b.store.IntendCapture(t.Context(), captureKey("s"), payment.CaptureRequest{Amount: total})
		require.NoError(t, err)
		_, err = b.store.BeginVoid(t.Context(), authorizeKey("s"))
		require.NoError(t, err)
		require.NoError(t, b.store.EndVoid(t.Context(), authorizeKey("s")))

		_, err = b.store.ConcludeCapture(t.Context(), captureKey("s"), in.Intended, "cap_1")
		requireFault(t, err, fault.Bug, payment.NothingAuthorized)
		require.Equal(t, payment.Voided, b.payment(t, "s").State)
		invoices, err := b.store.Invoices(t.Context())
		require.NoError(t, err)
		require.Empty(t, invoices)
	})
}
