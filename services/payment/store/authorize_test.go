package store_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/provider/simulator"
)

func TestAuthorizeTwiceIsOnce(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		first := b.held(t, "s", simulator.TokenVisa)
		require.Equal(t, first, b.held(t, "s", simulator.TokenVisa))
		require.Equal(t, 1, b.wire.Calls(authorize))
		require.Equal(t, total, first.Amount)
		require.Equal(t, payment.Authorized, b.payment(t, "s").State)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestAuthorizeOfAnotherRequestIsAMismatch(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.held(t, "s", simulator.TokenVisa)
		for _, req := range []payment.AuthorizeRequest{
			{Amount: eur(1), Token: simulator.TokenVisa},
			{Amount: total, Token: simulator.TokenSlow},
		} {
			_, err := b.Authorize(t.Context(), authorizeKey("s"), req)
			requireFault(t, err, fault.Bug, fault.Mismatch)
		}
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestADeclineIsStickyHereAndThere(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		_, first := b.authorize(t.Context(), "s", simulator.TokenInsufficientFunds)
		requireFault(t, first, fault.Business, payment.InsufficientFunds)
		_, again := b.authorize(t.Context(), "s", simulator.TokenInsufficientFunds)
		require.EqualError(t, again, first.Error())
		require.Equal(t, 1, b.wire.Calls(authorize))

		e, found, err := b.book.Find(t.Context(), authorizeKey("s").String())
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, provider.Declined, e.State)

		require.NoError(t, b.Void(t.Context(), authorizeKey("s")), "nothing to take back")
		require.Equal(t, payment.Declined, b.payment(t, "s").State)
		require.Equal(t, payment.InsufficientFunds, b.payment(t, "s").DeclineCode)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestVoidOfWhatNeverHappenedIsFineAndRefusesALateAuthorize(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		for range 2 {
			require.NoError(t, b.Void(t.Context(), authorizeKey("s")))
		}
		_, err := b.authorize(t.Context(), "s", simulator.TokenVisa)
		requireFault(t, err, fault.Suspension, fault.Suspended)
		require.Zero(t, b.wire.Calls(authorize))
		_, err = b.book.Authorize(t.Context(), provider.Authorization{
			Key: authorizeKey("s").String(), Amount: total, Token: simulator.TokenVisa,
		})
		require.ErrorIs(t, err, provider.ErrForbidden, "the provider refuses it too")
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestVoidTwiceIsOnceAndRefusesALateAuthorize(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.held(t, "s", simulator.TokenVisa)
		for range 2 {
			require.NoError(t, b.Void(t.Context(), authorizeKey("s")))
		}
		require.Equal(t, 1, b.wire.Calls(void))
		require.Equal(t, payment.Voided, b.payment(t, "s").State)
		_, err := b.authorize(t.Context(), "s", simulator.TokenVisa)
		requireFault(t, err, fault.Suspension, fault.Suspended)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestVoidLetsGoWhatOnlyTheProviderKnows(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		// As after a restore of our database that lost a committed intent.
		k := authorizeKey("s").String()
		_, err := b.book.Authorize(t.Context(), provider.Authorization{Key: k, Amount: total, Token: simulator.TokenVisa})
		require.NoError(t, err)
		require.NoError(t, b.Void(t.Context(), authorizeKey("s")))
		e, _, err := b.book.Find(t.Context(), k)
		require.NoError(t, err)
		require.Equal(t, provider.Voided, e.State)
	})
}

func TestVoidOfWhatWasCapturedIsABugAndChangesNothing(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.taken(t, "s")
		requireFault(t, b.Void(t.Context(), authorizeKey("s")), fault.Bug, fault.Conflict)
		require.Equal(t, payment.Captured, b.payment(t, "s").State)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestASagaHoldsMoneyOnceAtATime(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		second := key.Key{Saga: "s", Step: "payment.authorize", Generation: 1}
		req := payment.AuthorizeRequest{Amount: total, Token: simulator.TokenVisa}
		b.held(t, "s", simulator.TokenVisa)
		_, err := b.Authorize(t.Context(), second, req)
		requireFault(t, err, fault.Bug, fault.Conflict)
		require.Equal(t, 1, b.wire.Calls(authorize))

		require.NoError(t, b.Void(t.Context(), authorizeKey("s")))
		_, err = b.Authorize(t.Context(), second, req)
		require.NoError(t, err, "the first is let go")
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestTwentyAuthorizesAreOne(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		var answers [20]payment.Authorization
		var failed atomic.Int64
		race(len(answers), func(i int) {
			var err error
			if answers[i], err = b.authorize(t.Context(), "s", simulator.TokenVisa); err != nil {
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

func TestAuthorizeAndVoidAtOnceLeaveNothingHeld(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		for round := range 20 {
			saga := fmt.Sprintf("s%d", round)
			var authorized, voided error
			race(2, func(i int) {
				if i == 0 {
					_, authorized = b.authorize(t.Context(), saga, simulator.TokenVisa)
					return
				}
				voided = b.Void(t.Context(), authorizeKey(saga))
			})
			require.NoError(t, voided)
			if authorized != nil {
				requireFault(t, authorized, fault.Suspension, fault.Suspended)
			}
			_, err := b.authorize(t.Context(), saga, simulator.TokenVisa)
			requireFault(t, err, fault.Suspension, fault.Suspended)
		}
		entries, err := b.book.Book(t.Context())
		require.NoError(t, err)
		for _, e := range entries {
			require.Equal(t, provider.Voided, e.State, e.Key)
		}
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestARepeatNeedsNoToken(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		_, err := b.authorize(t.Context(), "s", "")
		requireFault(t, err, fault.Bug, fault.Conflict)
		require.Zero(t, b.wire.Calls(authorize), "without a record nothing is held")

		want := b.held(t, "s", simulator.TokenVisa)
		got, err := b.authorize(t.Context(), "s", "")
		require.NoError(t, err)
		require.Equal(t, want, got)
		_, err = b.Authorize(t.Context(), authorizeKey("s"), payment.AuthorizeRequest{Amount: eur(total.Minor + 1)})
		requireFault(t, err, fault.Bug, fault.Mismatch)
		require.Equal(t, 1, b.wire.Calls(authorize))

		_, err = b.authorize(t.Context(), "declined", simulator.TokenDeclined)
		requireFault(t, err, fault.Business, payment.CardDeclined)
		_, err = b.authorize(t.Context(), "declined", "")
		requireFault(t, err, fault.Business, payment.CardDeclined)

		calls := b.wire.Calls(authorize)
		_, err = b.store.IntendAuthorize(t.Context(), authorizeKey("begun"), payment.AuthorizeRequest{Amount: total, Token: simulator.TokenVisa}.Hold())
		require.NoError(t, err)
		_, err = b.authorize(t.Context(), "begun", "")
		requireFault(t, err, fault.Bug, fault.Conflict)
		require.Equal(t, calls, b.wire.Calls(authorize), "nothing is held without a token")
		require.NoError(t, b.Void(t.Context(), authorizeKey("begun")))

		require.NoError(t, b.Void(t.Context(), authorizeKey("s")))
		_, err = b.authorize(t.Context(), "s", "")
		requireFault(t, err, fault.Suspension, fault.Suspended)
		b.requireBooksAgree(t.Context(), t)
	})
}

func TestABadRequestIsABugAndLeavesNothing(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		for _, req := range []payment.AuthorizeRequest{
			{Amount: eur(0), Token: simulator.TokenVisa},
			{Amount: eur(-1), Token: simulator.TokenVisa},
			{Amount: payment.AuthorizeRequest{}.Amount, Token: simulator.TokenVisa},
		} {
			_, err := b.Authorize(t.Context(), authorizeKey("s"), req)
			requireFault(t, err, fault.Bug, fault.Invalid)
		}
		b.held(t, "s", simulator.TokenVisa)
	})
}
