package choreographed_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// An undo that does not succeed is given up, for each service and whenever the others have
// answered: the order ends, and holds nothing but the waived effect.
func TestAnUndoThatIsGivenUpEndsTheOrder(t *testing.T) {
	t.Parallel()
	p := open(t)
	for group, step := range map[string]string{"payment": "payment.authorize", "inventory": "inventory.reserve", "shipping": "shipping.book"} {
		waits := func(t *testing.T) {
			t.Helper()
			rec, err := p.Orders.Get(t.Context(), orderID)
			require.NoError(t, err)
			require.Equal(t, []any{order.Pending, order.PaymentDeclined, 2}, []any{rec.Status, rec.Decided, len(rec.Course.Free)}, group)
		}
		repair := func(t *testing.T, r ledger.Repair) {
			t.Helper()
			r.Operator = "night"
			_, err := p.Orders.Repair(t.Context(), orderID, r)
			require.NoError(t, err)
		}
		p.remind = func(t *testing.T, reminders int) {
			switch reminders {
			case 2:
				waits(t)
				require.NoError(t, p.Orders.Note(t.Context(), key.New(orderID, "order.note"), order.Note{
					At: database.Now(), Attention: []ledger.Attention{{Step: step, Code: "GONE", Owed: "an effect", Since: database.Now()}},
				}))
				repair(t, ledger.Repair{Action: ledger.Nudge, Reason: "again"})
			case 3:
				waits(t)
				repair(t, ledger.Repair{Action: ledger.Skip, Step: step, Reason: "by hand", Reference: "case 1"})
			}
		}
		rec := p.run(t, group+":order.aborted#1=away", token("tok_capture_declined"), order.PaymentDeclined)
		require.Equal(t, []any{order.Cancelled, order.PaymentDeclined, false}, []any{rec.Status, rec.Reason, rec.NeedsAttention()}, group)
		require.Equal(t, step, rec.Waivers[0].Step)
		require.Len(t, rec.Repairs, 2)
	}
}
