package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/outside"
	"github.com/amends/amends/services/payment/provider/simulator"
	"github.com/amends/amends/services/payment/store"
)

// retry calls f until it succeeds and returns how often it had failed.
func retry(t *testing.T, f func() error) int {
	t.Helper()
	for failed := range 10 {
		err := f()
		if err == nil {
			return failed
		}
		kind := fault.KindOf(err)
		require.True(t, kind == fault.Unknown || kind == fault.Transient, "%v", err)
	}
	require.Fail(t, "it never succeeds")
	return 0
}

func TestALostReplyChangesNothingInTheEnd(t *testing.T) {
	t.Parallel()

	authorized := func(ctx context.Context, b *testBundle) error {
		_, err := b.authorize(ctx, "s", simulator.TokenVisa)
		return err
	}
	captured := func(ctx context.Context, b *testBundle) error {
		_, err := b.capture(ctx, "s")
		return err
	}
	refunded := func(ctx context.Context, b *testBundle) error {
		_, err := b.Refund(ctx, refundKey("s", 0), payment.RefundRequest{Amount: total})
		return err
	}
	voided := func(ctx context.Context, b *testBundle) error { return b.Void(ctx, authorizeKey("s")) }
	type steps []func(context.Context, *testBundle) error

	for name, c := range map[string]struct {
		lose   []call // each once
		before steps
		step   func(context.Context, *testBundle) error
		want   payment.State
	}{
		"ToAuthorize":           {lose: []call{authorize}, step: authorized, want: payment.Authorized},
		"ToAuthorizeAndItsFind": {lose: []call{authorize, find}, step: authorized, want: payment.Authorized},
		"ToVoid":                {lose: []call{void}, before: steps{authorized}, step: voided, want: payment.Voided},
		"ToCapture":             {lose: []call{capture}, before: steps{authorized}, step: captured, want: payment.Captured},
		"ToCaptureAndItsFind":   {lose: []call{capture, find}, before: steps{authorized}, step: captured, want: payment.Captured},
		"ToRefund":              {lose: []call{refund}, before: steps{authorized, captured}, step: refunded, want: payment.Refunded},
		"ToRefundAndItsFind":    {lose: []call{refund, find}, before: steps{authorized, captured}, step: refunded, want: payment.Refunded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, b *testBundle) {
				for _, f := range c.before {
					require.NoError(t, f(t.Context(), b))
				}
				for _, l := range c.lose {
					b.wire.Lose(l, 1)
				}
				failed := retry(t, func() error { return c.step(t.Context(), b) })
				require.Equal(t, len(c.lose), failed)
				require.Equal(t, c.want, b.payment(t, "s").State)
				b.requireBooksAgree(t.Context(), t)
			})
		})
	}
}

func TestVoidOfAnAuthorizationWhoseReplyWasLostLetsItGo(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.wire.Lose(authorize, 1)
		_, err := b.authorize(t.Context(), "s", simulator.TokenVisa)
		requireFault(t, err, fault.Unknown, payment.ProviderTimeout)
		b.wire.Lose(forbid, 1)
		b.wire.Lose(void, 1)
		require.Equal(t, 2, retry(t, func() error { return b.Void(t.Context(), authorizeKey("s")) }))
		require.Equal(t, payment.Voided, b.payment(t, "s").State)
		ledger, err := b.store.Ledger(t.Context())
		require.NoError(t, err)
		require.Empty(t, ledger, "a hold that was never booked is not released")
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestAnAuthorizeBetweenAVoidAndItsRecordIsSuspended(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.wire.Lose(authorize, 1)
		_, err := b.authorize(t.Context(), "s", simulator.TokenVisa)
		requireFault(t, err, fault.Unknown, payment.ProviderTimeout)
		b.wire.Lose(void, 1)
		requireFault(t, b.Void(t.Context(), authorizeKey("s")), fault.Unknown, payment.ProviderTimeout)

		_, err = b.authorize(t.Context(), "s", simulator.TokenVisa)
		requireFault(t, err, fault.Suspension, fault.Suspended)
		require.NoError(t, b.Void(t.Context(), authorizeKey("s")))
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestAVoidIsRecordedOnlyOnceTheProviderLetGo(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.held(t, "s", simulator.TokenVisa)
		b.wire.Down(void, 1)
		requireFault(t, b.Void(t.Context(), authorizeKey("s")), fault.Transient, payment.ProviderUnavailable)
		require.Equal(t, payment.Authorized, b.payment(t, "s").State)
		require.NoError(t, b.Void(t.Context(), authorizeKey("s")))
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestVoidOfADeclineWhoseReplyWasLostRecordsTheDecline(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.wire.Lose(authorize, 1)
		_, err := b.authorize(t.Context(), "s", simulator.TokenExpiredCard)
		requireFault(t, err, fault.Unknown, payment.ProviderTimeout)
		require.NoError(t, b.Void(t.Context(), authorizeKey("s")))
		require.Equal(t, payment.Declined, b.payment(t, "s").State)
		_, err = b.authorize(t.Context(), "s", simulator.TokenExpiredCard)
		requireFault(t, err, fault.Business, payment.ExpiredCard)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestVoidOfAnAuthorizationThatNeverArrivedForbidsIt(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.wire.Down(authorize, 1)
		_, err := b.authorize(t.Context(), "s", simulator.TokenVisa)
		requireFault(t, err, fault.Transient, payment.ProviderUnavailable)
		b.wire.Down(forbid, 1)
		require.Equal(t, 1, retry(t, func() error { return b.Void(t.Context(), authorizeKey("s")) }))
		_, err = b.authorize(t.Context(), "s", simulator.TokenVisa)
		requireFault(t, err, fault.Suspension, fault.Suspended)
		require.Equal(t, payment.Voided, b.payment(t, "s").State)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestAProviderThatHangsIsNotWaitedFor(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		b := setup(t, db, simulator.Options{HangFor: time.Hour})
		impatient := outside.New(b.store, b.wire, outside.Options{CallTimeout: 2 * time.Second}) // in which the provider charges
		req := payment.AuthorizeRequest{Amount: total, Token: simulator.TokenTimeoutAfterCharge}
		_, err := impatient.Authorize(t.Context(), authorizeKey("s"), req)
		requireFault(t, err, fault.Unknown, payment.ProviderTimeout)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = b.Authorize(t.Context(), authorizeKey("s"), req)
		require.NoError(t, err)
		require.Equal(t, 1, b.wire.Calls(authorize), "the retry asked and found it")
		b.requireBooksAgree(t.Context(), t)
	})
}
