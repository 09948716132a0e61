package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
)

// A reset of a cancelled order meets the steps that the first run has undone. Its
// reason is recorded, so no person has to look.
func TestAResetOfACancelledOrderRaisesNoAlarm(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		token, postalCode string
		reason            order.Reason
	}{
		"DeclinedAtCapture":   {"tok_capture_declined", "10115", order.PaymentDeclined},
		"DeclinedAtAuthorize": {"tok_declined", "10115", order.PaymentDeclined},
		"Undeliverable":       {"tok_visa", "00000", order.Undeliverable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, 10*time.Minute)
			body := placement()
			body["payment_token"] = tc.token
			if to, ok := body["ship_to"].(map[string]any); ok {
				to["postal_code"] = tc.postalCode
			}
			r := p.place(t, "", "wait=30", body)
			require.Equal(t, http.StatusOK, r.status)
			require.Equal(t, tc.reason, r.order.Reason)
			decided(t, r.order.ID) // its workflow ends behind its record
			ledgers := p.ledgers(t)

			points := resetPoints(t, r.order.ID)
			for _, event := range points.events {
				v := result(t, r.order.ID, reset(t, r.order.ID, points.run, event))
				at := fmt.Sprintf("reset to event %d", event)
				require.Equal(t, cancelled, v.Status, at)
				require.Equal(t, tc.reason, v.Reason, at)
				require.False(t, v.NeedsAttention, "%s: %v", at, v.Attention)
				require.NoError(t, p.Check(t.Context()), at)
				require.Equal(t, ledgers, p.ledgers(t), at)
			}
		})
	}
}

// The customer has cancelled and undo is under way when an operator resets the
// workflow to its beginning. The engine hands the cancel to the new run, in its
// first task: it ends for the customer's reason, not because of the undone steps.
func TestAResetInMidUndoKeepsTheCustomersCancel(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	id := p.placeHeld(t, placement())
	require.Equal(t, http.StatusAccepted, p.cancel(t, id).status)
	eventually(t, "undo waits for shipping", func() bool {
		return stateOf(p.get(t, id).order, "shipping.book") == saga.Undoing
	})
	points := resetPoints(t, id)
	run := reset(t, id, points.run, points.events[0])
	p.start(t, "shipping")
	v := result(t, id, run)
	require.Equal(t, cancelled, v.Status)
	require.Equal(t, order.CustomerRequest, v.Reason)
	require.False(t, v.NeedsAttention)
	require.NoError(t, p.Check(t.Context()))
}

// The carrier has refused the parcels, the stock is given back and the void hangs
// when an operator resets the workflow to before it reserved the stock. The new
// run finds the stock's step undone and no refusal of it, but the record has the
// reason: it ends for that reason, without a flag.
func TestAResetInMidUndoKeepsTheRefusal(t *testing.T) {
	t.Parallel()

	for name, point := range map[string]func(t *testing.T, id string, p points) int64{
		"ToTheBeginning":      func(_ *testing.T, _ string, p points) int64 { return first(p) },
		"ToAfterTheQuote":     func(_ *testing.T, _ string, p points) int64 { return p.events[1] },
		"ToItsDecision":       func(t *testing.T, id string, p points) int64 { return p.before(t, id, "order.decide") },
		"ToTheMiddleOfItsEnd": func(_ *testing.T, _ string, p points) int64 { return p.events[len(p.events)-1] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, money, id := undeliverable(t)
			points := resetPoints(t, id)
			run := reset(t, id, points.run, point(t, id, points))
			money.mute.Store(false)
			v := result(t, id, run)
			require.Equal(t, cancelled, v.Status)
			require.Equal(t, order.Undeliverable, v.Reason)
			require.False(t, v.NeedsAttention, "%v", v.Attention)
			require.Empty(t, p.listed(t))
			require.NoError(t, p.Check(t.Context()))
		})
	}
}

// undeliverable is an order in the middle of its undo: its parcels were refused,
// its stock is given back, its money cannot be.
func undeliverable(t *testing.T) (*platform, *outside, string) {
	t.Helper()
	p := newPlatform(t, 10*time.Minute)
	money, _ := p.through(t, impatient)
	body := placement()
	body["ship_to"] = shipTo("00000")
	id := p.placeHeld(t, body)
	p.settled(t, id)
	money.mute.Store(true)
	p.start(t, "shipping")
	stuckAt(t, id, "payment.authorize")
	p.reaches(t, id, "inventory.reserve", saga.Undone)
	rec, err := p.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, order.Pending, rec.Status)
	require.Equal(t, order.Undeliverable, rec.Decided)
	return p, money, id
}
