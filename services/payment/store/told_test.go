package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider/simulator"
)

func TestMoneyTellsItsRecord(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *testBundle) {
		r, ctx := told.New(b.db), t.Context()
		a := b.held(t, "a", simulator.TokenVisa)
		b.held(t, "a", simulator.TokenVisa)
		events := r.Events(t)
		require.Len(t, events, 1, "neither an intent nor a repeat tells")
		require.Equal(t, payment.AuthorizedData{Key: authorizeKey("a"), Authorization: a}, told.Read(t, payment.AuthorizedFact, events[0]))

		race(20, func(int) { _, _ = b.capture(ctx, "a") })
		c, err := b.capture(ctx, "a")
		require.NoError(t, err)
		events = r.Events(t)
		require.Len(t, events, 2, "twenty captures tell one, with its invoice")
		require.Equal(t, payment.CapturedData{Key: captureKey("a"), Capture: c}, told.Read(t, payment.CapturedFact, events[0]))
		require.Equal(t, payment.CapturedData{Key: captureKey("a"), Capture: c}, told.Read(t, payment.InvoiceIssuedFact, events[1]))
		_, happened, err := b.SettleCapture(ctx, captureKey("a"))
		require.NoError(t, err)
		require.True(t, happened)
		require.Empty(t, r.Names(t))

		_, err = b.Refund(ctx, refundKey("a", 0), payment.RefundRequest{Amount: eur(100)})
		require.NoError(t, err)
		_, err = b.Refund(ctx, refundKey("a", 1), payment.RefundRequest{Amount: total})
		requireFault(t, err, fault.Business, payment.RefundExceedsCapture)
		require.Equal(t, []string{"payment.refunded a", "payment.refund_refused a"}, r.Names(t))
		for range 2 {
			_, happened, err = b.SettleRefund(ctx, refundKey("a", 2))
			require.NoError(t, err)
			require.False(t, happened)
		}
		require.Equal(t, []string{"payment.refund_settled a"}, r.Names(t))

		_, err = b.authorize(ctx, "poor", simulator.TokenDeclined)
		require.Error(t, err)
		events = r.Events(t)
		require.Len(t, events, 1)
		require.Equal(t, payment.RefusedData{Key: authorizeKey("poor"), Code: fault.CodeOf(err)}, told.Read(t, payment.DeclinedFact, events[0]))

		b.held(t, "b", simulator.TokenVisa)
		require.NoError(t, b.Void(ctx, authorizeKey("b")))
		require.NoError(t, b.Void(ctx, authorizeKey("b")))
		require.NoError(t, b.Void(ctx, authorizeKey("never")))
		require.Equal(t, []string{"payment.authorized b", "payment.voided b", "payment.voided never"}, r.Names(t))

		b.held(t, "c", simulator.TokenVisa)
		_, happened, err = b.SettleCapture(ctx, captureKey("c"))
		require.NoError(t, err)
		require.False(t, happened)
		require.Equal(t, []string{"payment.authorized c", "payment.settled c"}, r.Names(t))

		_, err = b.Capture(ctx, captureKey("free"), payment.CaptureRequest{Amount: eur(0)})
		require.NoError(t, err)
		require.Equal(t, []string{"payment.captured free"}, r.Names(t), "there is no invoice")
		told.RequireAbsent(t, b.db, simulator.TokenVisa, simulator.TokenDeclined, payment.AuthorizeRequest{Token: simulator.TokenVisa}.Hold().TokenHash)
	})
}

func TestMoneyTellsARepeatUnderACause(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *testBundle) {
		r := told.New(b.db)
		b.taken(t, "a")
		require.Equal(t, []string{"payment.authorized a", "payment.captured a", "payment.invoice_issued a"}, r.Names(t), "in the order of the saga")
		ctx := event.CausedBy(t.Context(), event.Event{ID: "again"})
		_, err := b.authorize(ctx, "a", "")
		require.NoError(t, err)
		_, _, err = b.SettleCapture(ctx, captureKey("a"))
		require.NoError(t, err)
		events := r.Events(t)
		require.Len(t, events, 3, "a settle that finds the capture tells that")
		for i, name := range []string{payment.AuthorizedFact.Type(), payment.CapturedFact.Type(), payment.InvoiceIssuedFact.Type()} {
			require.Equal(t, []string{name, "again"}, []string{events[i].Type, events[i].Causation})
		}

		b.held(t, "b", simulator.TokenVisa)
		require.Len(t, r.Events(t), 1)
		require.NoError(t, b.Void(ctx, authorizeKey("b")))
		require.NoError(t, b.Void(ctx, authorizeKey("b")))
		require.Equal(t, []string{"payment.voided b", "payment.voided b"}, r.Names(t), "an authorization that ends is not told again")
	})
}

// An undo or a settle was asked for by an event: the answer is that there is no effect,
// however it came to be that there is none.
func TestUnderACauseAnUndoIsAnsweredByItsEnd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *testBundle) {
		r := told.New(b.db)
		ctx := event.CausedBy(t.Context(), event.Event{ID: "against"})
		_, err := b.authorize(t.Context(), "poor", simulator.TokenDeclined)
		require.Error(t, err)
		b.held(t, "refused", simulator.TokenCaptureDeclined)
		_, err = b.capture(t.Context(), "refused")
		requireFault(t, err, fault.Business, payment.CaptureDeclined)
		require.Len(t, r.Events(t), 3)

		require.NoError(t, b.Void(ctx, authorizeKey("poor")))
		for range 2 {
			_, happened, err := b.SettleCapture(ctx, captureKey("refused"))
			require.NoError(t, err)
			require.False(t, happened)
		}
		require.Equal(t, []string{"payment.voided poor", "payment.settled refused", "payment.settled refused"}, r.Names(t))

		// The provider has declined, and its answer was lost.
		b.wire.Lose(authorize, 1)
		_, err = b.authorize(t.Context(), "unheard", simulator.TokenDeclined)
		require.NotEqual(t, fault.Business, fault.KindOf(err))
		require.NoError(t, b.Void(ctx, authorizeKey("unheard")))
		require.Equal(t, []string{"payment.declined unheard", "payment.voided unheard"}, r.Names(t))
		b.held(t, "unheard capture", simulator.TokenCaptureDeclined)
		b.wire.Lose(capture, 1)
		_, err = b.capture(t.Context(), "unheard capture")
		require.NotEqual(t, fault.Business, fault.KindOf(err))
		_, happened, err := b.SettleCapture(ctx, captureKey("unheard capture"))
		require.NoError(t, err)
		require.False(t, happened)
		require.Equal(t, []string{
			"payment.authorized unheard capture", "payment.capture_refused unheard capture", "payment.settled unheard capture",
		}, r.Names(t))
	})
}
