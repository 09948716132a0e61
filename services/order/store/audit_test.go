package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

func TestAudit(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		for _, id := range []string{"pending", "confirmed", "cancelled"} {
			b.create(t, id)
		}
		total := money.New(12600, placement().Currency)
		_, err := b.Confirm(ctx, key.New("confirmed", "order.confirm"), order.Closing{Total: &total})
		require.NoError(t, err)
		_, err = b.Cancel(ctx, key.New("cancelled", "order.cancel"), order.Closing{Reason: order.OutOfStock})
		require.NoError(t, err)
		note := order.Note{
			At:        placement().PlacedAt,
			Attention: []ledger.Attention{{Step: "payment.authorize", Code: "X"}},
			Waivers:   []ledger.Waiver{{Step: "inventory.reserve", Reason: "burnt", Operator: "op"}},
		}
		require.NoError(t, b.Note(ctx, key.New("cancelled", "order.note"), note))

		units := int64(0)
		for _, l := range placement().Lines {
			units += l.Quantity
		}
		for limit := 1; limit <= 4; limit++ {
			var ids []string
			r := audit.Range{Limit: limit}
			for {
				page, err := b.Audit(ctx, r)
				require.NoError(t, err)
				for _, f := range page.Facts {
					ids = append(ids, f.ID)
					require.Empty(t, f.Wrong)
					require.Equal(t, units, f.Units)
					require.Equal(t, placement().DecideBy.UTC().Truncate(time.Microsecond), f.DecideBy)
				}
				if page.Next == "" {
					break
				}
				r.After = page.Next
			}
			require.Equal(t, []string{"cancelled", "confirmed", "pending"}, ids, "limit %d", limit)
		}
		page, err := b.Audit(ctx, audit.Range{Sagas: []string{"cancelled", "nobody", "confirmed"}, Limit: 1})
		require.NoError(t, err)
		require.Len(t, page.Facts, 2)
		require.Empty(t, page.Next)
		require.True(t, page.Facts[0].NeedsAttention)
		require.Equal(t, "burnt", page.Facts[0].Waivers[0].Reason)
		require.Equal(t, order.OutOfStock, page.Facts[0].Reason)
		require.Equal(t, &total, page.Facts[1].Total)
		require.False(t, page.Facts[1].NeedsAttention)

		require.NoError(t, b.db.Exec("DELETE FROM order_history WHERE order_id = 'confirmed'").Error)
		require.NoError(t, b.db.Exec("UPDATE order_history SET reason = 'DEADLINE' WHERE order_id = 'cancelled'").Error)
		page, err = b.Audit(ctx, audit.Range{})
		require.NoError(t, err)
		require.Equal(t, []string{"the order is CANCELLED (OUT_OF_STOCK), its history ends at CANCELLED (DEADLINE)"}, page.Facts[0].Wrong)
		require.Equal(t, []string{"the order is CONFIRMED, its history ends at PENDING"}, page.Facts[1].Wrong)
	})
}

// An aborted order ends for the recorded reason, and in no other way.
func TestAuditFindsAnotherDecisionThanTheEnd(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		for _, id := range []string{"cancelled", "confirmed", "pending"} {
			b.create(t, id)
		}
		for _, id := range []string{"cancelled", "pending"} {
			_, err := b.Decide(ctx, key.New(id, "order.decide"), order.Decision{Reason: order.OutOfStock})
			require.NoError(t, err)
		}
		_, err := b.Cancel(ctx, key.New("cancelled", "order.cancel"), order.Closing{Reason: order.OutOfStock})
		require.NoError(t, err)
		total := money.New(12600, placement().Currency)
		_, err = b.Confirm(ctx, key.New("confirmed", "order.confirm"), order.Closing{Total: &total})
		require.NoError(t, err)
		told := func() (wrong []string) {
			page, err := b.Audit(ctx, audit.Range{})
			require.NoError(t, err)
			for _, f := range page.Facts {
				wrong = append(wrong, f.Wrong...)
			}
			return wrong
		}
		require.Empty(t, told())
		require.NoError(t, b.db.Exec("UPDATE orders SET decided = 'DEADLINE'").Error)
		require.Equal(t, []string{
			"the order is CANCELLED (OUT_OF_STOCK), and was decided against for DEADLINE",
			"the order is CONFIRMED, and was decided against for DEADLINE",
		}, told(), "a PENDING order may be decided against for any reason")
	})
}

// An order's id is made from its customer and key, so the key is not stored. Two
// orders placed by one call would show that two ids were made.
func TestAuditFindsTwoOrdersOfOneCall(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		for id, nonce := range map[string]string{"a": "n1", "b": "n2", "c": "", "d": ""} {
			p := placement()
			p.Nonce = nonce
			_, err := b.Create(ctx, key.New(id, "order.create"), p)
			require.NoError(t, err)
		}
		audit := func() []string {
			wrong, err := b.AuditPlacements(ctx)
			require.NoError(t, err)
			return wrong
		}
		require.Empty(t, audit())
		require.NoError(t, b.db.Exec("UPDATE orders SET placement = replace(placement, 'n2', 'n1')").Error)
		require.Equal(t, []string{"one call placed 2 orders, among them a and b"}, audit())
	})
}
