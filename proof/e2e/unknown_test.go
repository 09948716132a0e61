package e2e_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/workflows"
)

// listed returns the orders that need attention according to the order service.
func (p *platform) listed(t *testing.T) (ids []string) {
	t.Helper()
	page, err := p.Orders.List(t.Context(), order.Filter{NeedsAttention: true, Limit: 100})
	require.NoError(t, err)
	for _, o := range page {
		ids = append(ids, o.ID)
	}
	return ids
}

// recovered waits for the order's end and checks that no flag is left.
func (p *platform) recovered(t *testing.T, id string) workflows.OrderView {
	t.Helper()
	v := decided(t, id)
	require.False(t, v.NeedsAttention, "%v", v.Attention)
	require.Empty(t, p.listed(t))
	require.NoError(t, p.Check(t.Context()))
	return v
}

// tok_unknown authorizes, and then gets no answer about it for two minutes of the
// provider's clock.
func TestAnAuthorizationWithoutAnAnswerIsNotGuessed(t *testing.T) {
	t.Parallel()

	start := func(t *testing.T) (*platform, string) {
		t.Helper()
		p := newPlatform(t, 10*time.Minute)
		p.restartOrder(t, impatient, nil, nil)
		body := placement()
		maps.Copy(body, tok("tok_unknown"))
		id := p.place(t, "", "", body).order.ID
		a := stuckAt(t, id, "payment.authorize")
		require.Equal(t, fault.Unknown, a.Kind)
		require.Equal(t, payment.ProviderTimeout, a.Code)
		require.Equal(t, "money held: 126.00 EUR", a.Owed, "maybe")
		eventually(t, "the order's service lists it", func() bool { return len(p.listed(t)) == 1 })
		return p, id
	}

	t.Run("AndGoesOnWhenTheAnswerComes", func(t *testing.T) {
		t.Parallel()
		p, id := start(t)
		eventually(t, "it goes on", func() bool { return stateOf(ask(t, id), "payment.authorize") == saga.Running })
		p.Skip(2 * time.Minute)
		require.Equal(t, confirmed, p.recovered(t, id).Status)
	})

	t.Run("AndIsTakenBackWhenTheAnswerComesAfterACancel", func(t *testing.T) {
		t.Parallel()
		p, id := start(t)
		p.wish(t, id)
		eventually(t, "undo waits for the provider", func() bool {
			return stateOf(ask(t, id), "payment.authorize") == saga.Flagged
		})
		a := stuckAt(t, id, "payment.authorize")
		require.Equal(t, fault.Unknown, a.Kind)
		require.Equal(t, "money held: 126.00 EUR", a.Owed)

		book, err := p.Provider.Book(t.Context())
		require.NoError(t, err)
		require.Len(t, book, 1)
		require.Equal(t, provider.Authorized, book[0].State)
		ours, err := p.Payments.Payments(t.Context())
		require.NoError(t, err)
		require.Equal(t, payment.Intent, ours[0].State, "we say neither that it is held nor that it is not")
		eventually(t, "the other branch is not held up", func() bool {
			reservations, err := p.Inventory.Reservations(t.Context())
			require.NoError(t, err)
			return reservations[0].State == inventory.Released
		})

		p.Skip(2 * time.Minute)
		v := p.recovered(t, id)
		require.Equal(t, cancelled, v.Status)
		require.Equal(t, order.CustomerRequest, v.Reason)
	})
}

func TestABookingWithoutAnAnswerIsNotGuessed(t *testing.T) {
	t.Parallel()

	start := func(t *testing.T) (*platform, *outside, string) {
		t.Helper()
		p := newPlatform(t, 10*time.Minute)
		_, carrier := p.through(t, impatient)
		id := p.placeHeld(t, placement())
		carrier.mute.Store(true)
		p.start(t, "shipping")
		a := stuckAt(t, id, "shipping.book")
		require.Equal(t, fault.Unknown, a.Kind)
		require.Equal(t, "parcels booked", a.Owed, "maybe")
		return p, carrier, id
	}

	t.Run("AndGoesOnWhenTheAnswerComes", func(t *testing.T) {
		t.Parallel()
		p, carrier, id := start(t)
		carrier.mute.Store(false)
		require.Equal(t, confirmed, p.recovered(t, id).Status)
	})

	t.Run("AndIsTakenBackWhenTheAnswerComesAfterACancel", func(t *testing.T) {
		t.Parallel()
		p, carrier, id := start(t)
		p.wish(t, id)
		eventually(t, "undo waits for the carrier", func() bool { return stateOf(ask(t, id), "shipping.book") == saga.Flagged })
		a := stuckAt(t, id, "shipping.book")
		require.Equal(t, fault.Unknown, a.Kind)
		require.Equal(t, shipping.CarrierTimeout, a.Code)
		shipments, err := p.Shipments.Shipments(t.Context())
		require.NoError(t, err)
		for _, s := range shipments {
			require.Equal(t, shipping.Intent, s.State, "we say neither that it is booked nor that it is not")
		}
		carrier.mute.Store(false)
		require.Equal(t, order.CustomerRequest, p.recovered(t, id).Reason)
	})
}
