package simulator_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/provider/simulator"
	"github.com/amends/amends/services/payment/provider/token"
)

func TestTokensDeclineAuthorizeForGood(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		for token, reason := range map[string]provider.Reason{
			simulator.TokenDeclined:          provider.CardDeclined,
			simulator.TokenInsufficientFunds: provider.InsufficientFunds,
			simulator.TokenExpiredCard:       provider.ExpiredCard,
			"tok_vsia":                       provider.TokenInvalid,
		} {
			first, err := b.Authorize(t.Context(), authorization(token, token))
			require.NoError(t, err)
			require.Equal(t, provider.Declined, first.State)
			require.Equal(t, reason, first.Reason)
			again, err := b.Authorize(t.Context(), authorization(token, token))
			require.NoError(t, err)
			require.Equal(t, first, again)
			found, ok, err := b.Find(t.Context(), token)
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, first, found)
		}
	})
}

func TestTokensDeclineCaptureForGood(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		for token, c := range map[string]struct {
			reason provider.Reason
			hold   provider.State
		}{
			simulator.TokenCaptureDeclined: {provider.CaptureDeclined, provider.Authorized},
			simulator.TokenAuthExpired:     {provider.AuthorizationExpired, provider.Expired},
		} {
			b.authorize(t, token, token)
			capture := provider.Capture{Key: token + "-capture", Authorization: token, Amount: eur}
			first, err := b.Capture(t.Context(), capture)
			require.NoError(t, err)
			require.Equal(t, c.reason, first.Reason)
			require.Equal(t, c.hold, b.state(t, token))
			again, err := b.Capture(t.Context(), capture)
			require.NoError(t, err)
			require.Equal(t, first, again)
		}
	})
}

func TestTokenUnavailableFailsThreeTimesPerKeyAcrossRestarts(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		for range 3 {
			restarted := simulator.New(b.db, simulator.Options{})
			_, err := restarted.Authorize(t.Context(), authorization("a", simulator.TokenUnavailable))
			require.ErrorIs(t, err, provider.ErrUnavailable)
			require.Empty(t, b.state(t, "a"))
		}
		b.authorize(t, "a", simulator.TokenUnavailable)
		_, err := b.Authorize(t.Context(), authorization("b", simulator.TokenUnavailable))
		require.ErrorIs(t, err, provider.ErrUnavailable, "another key counts anew")
	})
}

func TestTokenTimeoutAfterChargeHangsOnceAndAuthorizes(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		patient := simulator.New(b.db, simulator.Options{HangFor: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := patient.Authorize(ctx, authorization("a", simulator.TokenTimeoutAfterCharge))
			done <- err
		}()
		require.Eventually(t, func() bool { return b.state(t, "a") == provider.Authorized }, time.Minute, time.Millisecond)
		require.Empty(t, done, "the effect is there, the reply is not")
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
		b.authorize(t, "a", simulator.TokenTimeoutAfterCharge)
	})
}

func TestAHangEndsByItself(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		_, err := b.Authorize(t.Context(), authorization("a", simulator.TokenTimeoutAfterCharge))
		require.ErrorContains(t, err, "without a reply")
		require.NotErrorIs(t, err, provider.ErrUnavailable, "it does not say that nothing happened")
	})
}

func TestTokenCaptureLostLosesTheReplyOnce(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.authorize(t, "a", simulator.TokenCaptureLost)
		capture := provider.Capture{Key: "c", Authorization: "a", Amount: eur}
		_, err := b.Capture(t.Context(), capture)
		require.ErrorContains(t, err, "without a reply")
		require.Equal(t, provider.Captured, b.state(t, "c"))
		e, err := b.Capture(t.Context(), capture)
		require.NoError(t, err)
		require.Equal(t, provider.Captured, e.State)
	})
}

func TestTokenSlowHonoursTheDeadlineAndHasNoEffectThen(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		slow := simulator.New(b.db, simulator.Options{SlowFor: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		_, err := slow.Authorize(ctx, authorization("a", simulator.TokenSlow))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Empty(t, b.state(t, "a"))
		b.authorize(t, "a", simulator.TokenSlow)
	})
}

func TestTokenUnknownIsSilentForTwoMinutes(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		ctx := t.Context()
		silent := func() []error {
			_, authorize := b.Authorize(ctx, authorization("a", simulator.TokenUnknown))
			_, _, find := b.Find(ctx, "a")
			_, _, forbid := b.Forbid(ctx, "a")
			return []error{authorize, find, forbid}
		}
		for _, err := range append(silent(), b.Void(ctx, "a")) {
			require.ErrorContains(t, err, "without a reply")
		}
		require.Equal(t, provider.Authorized, b.state(t, "a"), "it is applied, and a silent void is not")

		b.clock.Forward(2*time.Minute - time.Microsecond)
		for _, err := range silent() {
			require.ErrorContains(t, err, "without a reply")
		}
		b.clock.Forward(time.Microsecond)
		for _, err := range silent() {
			require.NoError(t, err)
		}
		require.NoError(t, b.Void(ctx, "a"))
	})
}

func TestEveryTokenHasABehaviour(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		quick := simulator.New(b.db, simulator.Options{SlowFor: time.Nanosecond, HangFor: time.Nanosecond})
		for _, name := range token.Names() {
			e, err := quick.Authorize(ctx, authorization(name, name))
			if err == nil {
				require.NotEqual(t, provider.TokenInvalid, e.Reason, name)
			}
		}
	})
}
