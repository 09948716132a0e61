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

// A reset of a cancelled order runs into what the first run has undone. Its
// reason is recorded, so there is nothing that a person would have to look at.
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
			books := p.books(t)

			points := resetPoints(t, r.order.ID)
			for _, event := range points.events {
				v := result(t, r.order.ID, reset(t, r.order.ID, points.run, event))
				at := fmt.Sprintf("reset to event %d", event)
				require.Equal(t, cancelled, v.Status, at)
				require.Equal(t, tc.reason, v.Reason, at)
				require.False(t, v.NeedsAttention, "%s: %v", at, v.Attention)
				require.NoError(t, p.Check(t.Context()), at)
				require.Equal(t, books, p.books(t), at)
			}
		})
	}
}

// The customer has cancelled and undo is under way when an operator resets the
// workflow to its beginning. The engine hands the cancel to the new run, in its
// first task: it ends for the customer's reason, not because of what the first
// run has undone.
func TestAResetInMidUndoKeepsTheCustomersCancel(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	p.stop("shipping")
	id := p.place(t, "", "", placement()).order.ID
	eventually(t, "the saga waits for shipping", func() bool {
		return stateOf(p.get(t, id).order, "shipping.book") == saga.Running
	})
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
