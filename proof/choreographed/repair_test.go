package choreographed_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// An undo that never succeeds is given up, for each service and whenever the others have
// answered: the order ends, and holds nothing but what is waived.
func TestAnUndoThatIsGivenUpEndsTheOrder(t *testing.T) {
	t.Parallel()
	for group, step := range map[string]string{"payment": "payment.authorize", "inventory": "inventory.reserve", "shipping": "shipping.book"} {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.before = func(d delivery) verdict {
				if d.String() == group+" hears order.aborted" {
					return lose // each time
				}
				return deliver
			}
			s.place(token("tok_capture_declined"))
			s.run()
			ctx := t.Context()
			waits := func() order.Record {
				rec, err := s.Orders.Get(ctx, orderID)
				require.NoError(t, err)
				require.Equal(t, []any{order.Pending, order.PaymentDeclined, 2}, []any{rec.Status, rec.Decided, len(rec.Course.Free)})
				return rec
			}
			waits()
			require.NoError(t, s.Orders.Note(ctx, key.New(orderID, "order.note"), order.Note{
				At: database.Now(), Attention: []ledger.Attention{{Step: step, Code: "GONE", Owed: "an effect", Since: database.Now()}},
			}))
			_, err := s.Orders.Repair(ctx, orderID, ledger.Repair{Action: ledger.Nudge, Reason: "again", Operator: "night"})
			require.NoError(t, err)
			s.run()
			waits()
			_, err = s.Orders.Repair(ctx, orderID, ledger.Repair{Action: ledger.Skip, Step: step, Reason: "by hand", Operator: "night", Reference: "case 1"})
			require.NoError(t, err)
			s.run()

			rec := s.ended()
			require.Equal(t, []any{order.Cancelled, order.PaymentDeclined, false}, []any{rec.Status, rec.Reason, rec.NeedsAttention()})
			require.Equal(t, step, rec.Waivers[0].Step)
			require.Len(t, rec.Repairs, 2)
		})
	}
}
