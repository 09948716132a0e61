package store_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/query"
)

func TestAnOrderHasTheHighestVersionThatWasTold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		_, err := b.Order(ctx, "ord-0001")
		require.Equal(t, fault.NotFound, fault.CodeOf(err))

		o := newOrder(1)
		b.apply(t, told(o, 1), told(o, 1))
		f, err := b.Order(ctx, o.ID)
		require.NoError(t, err)
		require.Equal(t, query.Found{Order: o, Version: 1}, f)

		end := o
		end.Status, end.Total = query.Confirmed, f.Order.Total
		end.Steps = []query.Step{{Name: "payment.capture", State: "done", Attempts: 2, StartedAt: began}}
		flagged := o
		flagged.Attention = []query.Flag{{Step: "shipping.book", Code: "CARRIER_TIMEOUT", Kind: fault.Unknown, Since: began}}
		for _, changes := range [][]query.Change{{told(end, 4), told(flagged, 3)}, {told(flagged, 3)}, {told(o, 1)}} {
			b.apply(t, changes...)
			f, err = b.Order(ctx, o.ID)
			require.NoError(t, err)
			require.Equal(t, query.Found{Order: end, Version: 4}, f)
		}
		yes := true
		page, err := b.Orders(ctx, query.OrderFilter{NeedsAttention: &yes, Limit: 1})
		require.NoError(t, err)
		require.Empty(t, page.Orders, "an older flag was taken over")
	})
}

func TestAFactStandsOnceInATimeline(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		reserved := entry("ord-0001", "inventory.reserved", "inventory.reserve", "done")
		b.apply(t, reserved)
		_, err := b.Timeline(ctx, "ord-0001")
		require.Equal(t, fault.NotFound, fault.CodeOf(err), "the order is not known yet")
		again := entry("ord-0001", "inventory.reserved", "inventory.reserve", "done")
		again.Entry.Round = 1
		b.apply(t, told(newOrder(1), 1), reserved, again, reserved, entry("ord-0001", "inventory.released", "inventory.reserve", "undone"))

		entries, err := b.Timeline(ctx, "ord-0001")
		require.NoError(t, err)
		var got []string
		for i, e := range entries {
			require.Equal(t, query.Position{Generation: 1, Number: int64(i + 1)}, e.Position)
			got = append(got, e.Fact+" "+e.Step.State)
		}
		require.Equal(t, []string{"inventory.reserved done", "inventory.reserved done", "inventory.released undone"}, got)

		f, err := b.Order(ctx, "ord-0001")
		require.NoError(t, err)
		require.Equal(t, []query.Step{{Name: "inventory.reserve", State: "undone", StartedAt: began, EndedAt: began}}, f.Order.Steps)
	})
}

// The end is the same in whatever order, parts and number the facts come.
func TestTheReadModelDoesNotDependOnTheWayOfTheFacts(t *testing.T) {
	t.Parallel()
	var all []query.Change
	for n := range 12 {
		o := newOrder(n / 3) // some at the same time, which have the same seq at first
		o.ID = newOrder(n).ID
		all = append(all, told(o, 1), entry(o.ID, "order.placed", "order.create", "done"))
		o.Status = query.Confirmed
		all = append(all, told(o, 2), entry(o.ID, "order.confirmed", "order.confirm", "done"))
	}
	for _, sku := range []string{"a", "b", "c"} {
		all = append(all, product(sku, "first "+sku, "x", 1, 1), product(sku, "second "+sku, "x", 2, 3),
			stock(sku, "BER", 5, 2), stock(sku, "BER", 4, 3), stock(sku, "AMS", 7, 1))
	}
	each(t, func(t *testing.T, b testBundle) {
		b.apply(t, all...)
		g, err := b.Begin(t.Context())
		require.NoError(t, err)
		r := rand.New(rand.NewPCG(1, 2))
		for rest := append(append([]query.Change{}, all...), all...); len(rest) > 0; {
			r.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
			n := 1 + r.IntN(min(len(rest), 9))
			require.NoError(t, b.Load(t.Context(), g, rest[:n]))
			rest = rest[n:]
		}
		differ, err := b.Compare(t.Context(), 1, g)
		require.NoError(t, err)
		require.Empty(t, differ)

		require.NoError(t, b.db.Exec("UPDATE stock SET available = 1 WHERE generation = ? AND sku = 'a' AND warehouse = 'AMS'", g).Error)
		require.NoError(t, b.db.Exec("UPDATE orders SET view = '{}' WHERE generation = 1 AND id = 'ord-0003'").Error)
		require.NoError(t, b.db.Exec("UPDATE orders SET account = 'cus_4' WHERE generation = 1 AND id = 'ord-0004'").Error)
		require.NoError(t, b.db.Exec("DELETE FROM timeline WHERE generation = ? AND order_id = 'ord-0002' AND fact = 'order.placed'", g).Error)
		differ, err = b.Compare(t.Context(), 1, g)
		require.NoError(t, err)
		require.Equal(t, []string{"entry order.placed of ord-0002", "order ord-0003", "order ord-0004", "stock a in AMS", "time of order.placed of ord-0002"}, differ)
	})
}
