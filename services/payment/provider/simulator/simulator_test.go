package simulator_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/provider/simulator"
)

func TestOneKeyHasOneEffect(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		ctx := t.Context()
		first := b.authorize(t, "a", simulator.TokenVisa)
		require.Equal(t, first, b.authorize(t, "a", simulator.TokenVisa))

		_, err := b.Authorize(ctx, authorization("a", simulator.TokenSlow))
		require.ErrorIs(t, err, provider.ErrKeyReused)
		_, err = b.Authorize(ctx, provider.Authorization{Key: "a", Amount: money.New(1, "EUR"), Token: simulator.TokenVisa})
		require.ErrorIs(t, err, provider.ErrKeyReused)

		capture := provider.Capture{Key: "c", Authorization: "a", Amount: eur}
		taken, err := b.Capture(ctx, capture)
		require.NoError(t, err)
		again, err := b.Capture(ctx, capture)
		require.NoError(t, err)
		require.Equal(t, taken, again)
		_, err = b.Capture(ctx, provider.Capture{Key: "c2", Authorization: "a", Amount: eur})
		require.ErrorIs(t, err, provider.ErrInvalid, "captured already")

		refund := provider.Refund{Key: "r", Capture: "c", Amount: eur}
		paid, err := b.Refund(ctx, refund)
		require.NoError(t, err)
		again, err = b.Refund(ctx, refund)
		require.NoError(t, err)
		require.Equal(t, paid, again)

		book, err := b.Book(ctx)
		require.NoError(t, err)
		require.Len(t, book, 3)
		require.Equal(t, simulator.Hash(simulator.TokenVisa), book[0].TokenHash)
	})
}

func TestForbid(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		ctx := t.Context()
		for range 2 {
			_, found, err := b.Forbid(ctx, "a")
			require.NoError(t, err)
			require.False(t, found)
		}
		_, found, err := b.Find(ctx, "a")
		require.NoError(t, err)
		require.False(t, found, "a forbidden key has no effect")
		_, err = b.Authorize(ctx, authorization("a", simulator.TokenVisa))
		require.ErrorIs(t, err, provider.ErrForbidden)

		made := b.authorize(t, "b", simulator.TokenVisa)
		e, found, err := b.Forbid(ctx, "b")
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, made, e)

		_, _, err = b.Forbid(ctx, "c")
		require.NoError(t, err)
		_, err = b.Capture(ctx, provider.Capture{Key: "c", Authorization: "b", Amount: eur})
		require.ErrorIs(t, err, provider.ErrForbidden)
		require.Equal(t, provider.Authorized, b.state(t, "b"), "a forbidden capture leaves the hold")
		require.Empty(t, b.state(t, "a"), "the book lists effects only")
	})
}

func TestForbidOrAuthorizeNeverBoth(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		for round := range 10 {
			key := "race-" + string(rune('a'+round))
			var made, forbidden atomic.Int64
			race(6, func(i int) {
				if i%2 == 0 {
					if _, err := b.Authorize(t.Context(), authorization(key, simulator.TokenVisa)); err == nil {
						made.Add(1)
					}
					return
				}
				if _, found, err := b.Forbid(t.Context(), key); err == nil && !found {
					forbidden.Add(1)
				}
			})
			require.NotEqual(t, made.Load() == 0, forbidden.Load() == 0, "made %d, forbidden %d", made.Load(), forbidden.Load())
			require.Equal(t, made.Load() > 0, b.state(t, key) == provider.Authorized)
		}
	})
}

func TestVoid(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		ctx := t.Context()
		require.ErrorIs(t, b.Void(ctx, "nothing"), provider.ErrNotFound)

		b.authorize(t, "a", simulator.TokenVisa)
		require.NoError(t, b.Void(ctx, "a"))
		require.NoError(t, b.Void(ctx, "a"))
		require.Equal(t, provider.Voided, b.state(t, "a"))
		late, err := b.Capture(ctx, provider.Capture{Key: "a-capture", Authorization: "a", Amount: eur})
		require.NoError(t, err)
		require.Equal(t, provider.AuthorizationExpired, late.Reason)

		b.authorize(t, "b", simulator.TokenAuthExpired)
		_, err = b.Capture(ctx, provider.Capture{Key: "b-capture", Authorization: "b", Amount: eur})
		require.NoError(t, err)
		require.NoError(t, b.Void(ctx, "b"), "what expired holds nothing")
		require.Equal(t, provider.Expired, b.state(t, "b"))

		b.authorize(t, "c", simulator.TokenVisa)
		_, err = b.Capture(ctx, provider.Capture{Key: "c-capture", Authorization: "c", Amount: eur})
		require.NoError(t, err)
		require.ErrorIs(t, b.Void(ctx, "c"), provider.ErrCaptured)
	})
}

func TestCaptureOrVoidNeverBoth(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		for round := range 10 {
			key := "race-" + string(rune('a'+round))
			b.authorize(t, key, simulator.TokenVisa)
			var voided error
			var taken provider.Effect
			race(2, func(i int) {
				if i == 0 {
					voided = b.Void(t.Context(), key)
					return
				}
				taken, _ = b.Capture(t.Context(), provider.Capture{Key: key + "-capture", Authorization: key, Amount: eur})
			})
			if taken.State == provider.Captured {
				require.ErrorIs(t, voided, provider.ErrCaptured)
				require.Equal(t, provider.Captured, b.state(t, key))
			} else {
				require.NoError(t, voided)
				require.Equal(t, provider.AuthorizationExpired, taken.Reason)
				require.Equal(t, provider.Voided, b.state(t, key))
			}
		}
	})
}

func TestRefundsNeverExceedTheCapture(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.authorize(t, "a", simulator.TokenVisa)
		_, err := b.Capture(t.Context(), provider.Capture{Key: "c", Authorization: "a", Amount: money.New(10, "EUR")})
		require.NoError(t, err)

		var paid, declined atomic.Int64
		race(20, func(i int) {
			e, err := b.Refund(t.Context(), provider.Refund{Key: "r" + string(rune('a'+i)), Capture: "c", Amount: money.New(2, "EUR")})
			switch {
			case err != nil:
			case e.State == provider.Refunded:
				paid.Add(1)
			case e.Reason == provider.RefundExceedsCapture:
				declined.Add(1)
			}
		})
		require.EqualValues(t, 5, paid.Load())
		require.EqualValues(t, 15, declined.Load())
	})
}

func TestRefusesWhatNoProviderCouldDo(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		ctx := t.Context()
		_, err := b.Authorize(ctx, provider.Authorization{Key: "x", Amount: money.New(0, "EUR"), Token: simulator.TokenVisa})
		require.ErrorIs(t, err, provider.ErrInvalid)
		_, err = b.Capture(ctx, provider.Capture{Key: "x", Authorization: "nothing", Amount: eur})
		require.ErrorIs(t, err, provider.ErrNotFound)
		_, err = b.Refund(ctx, provider.Refund{Key: "x", Capture: "nothing", Amount: eur})
		require.ErrorIs(t, err, provider.ErrNotFound)
		b.authorize(t, "a", simulator.TokenVisa)
		_, err = b.Capture(ctx, provider.Capture{Key: "x", Authorization: "a", Amount: money.New(1300, "EUR")})
		require.ErrorIs(t, err, provider.ErrInvalid)
		require.Empty(t, b.state(t, "x"), "nothing is left of a bad request")
	})
}
