package audit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/audit"
)

func TestCheckHistory(t *testing.T) {
	t.Parallel()

	confirmed := order.Change{From: order.Pending, To: order.Confirmed}
	cancelled := order.Change{From: order.Pending, To: order.Cancelled, Reason: order.Deadline}
	for name, tc := range map[string]struct {
		status  order.Status
		reason  order.Reason
		decided order.Reason
		changes []order.Change
		wrong   int
	}{
		"Undecided":          {order.Pending, "", "", nil, 0},
		"Confirmed":          {order.Confirmed, "", "", []order.Change{confirmed}, 0},
		"Cancelled":          {order.Cancelled, order.Deadline, "", []order.Change{cancelled}, 0},
		"DecidedByNothing":   {order.Confirmed, "", "", nil, 1},
		"OtherThanItsRecord": {order.Confirmed, "", "", []order.Change{cancelled}, 1},
		"ForAnotherReason":   {order.Cancelled, order.OutOfStock, "", []order.Change{cancelled}, 1},
		"DecidedTwice":       {order.Cancelled, order.Deadline, "", []order.Change{confirmed, cancelled}, 1},
		"WayBack":            {order.Pending, "", "", []order.Change{confirmed, {From: order.Confirmed, To: order.Pending}}, 1},
		"UndecidedYet":       {order.Confirmed, "", "", []order.Change{{From: order.Pending, To: order.Pending}, confirmed}, 1},

		"DecidedAndNotYetUndone":     {order.Pending, "", order.Deadline, nil, 0},
		"DecidedAndCancelled":        {order.Cancelled, order.Deadline, order.Deadline, []order.Change{cancelled}, 0},
		"DecidedForAnotherReason":    {order.Cancelled, order.Deadline, order.OutOfStock, []order.Change{cancelled}, 1},
		"DecidedAgainstAndConfirmed": {order.Confirmed, "", order.Deadline, []order.Change{confirmed}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Len(t, audit.CheckHistory(order.Record{Status: tc.status, Reason: tc.reason, Decided: tc.decided}, tc.changes), tc.wrong)
		})
	}
}
