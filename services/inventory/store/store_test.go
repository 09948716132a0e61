package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
)

// testBundle is a Store with the helpers of its tests. Tests that share one use
// SKUs and sagas of their own.
type testBundle struct{ *inventorystore.Store }

// each runs body on both databases.
func each(t *testing.T, body func(t *testing.T, b testBundle)) {
	t.Helper()

	dbtest.Each(t, inventorystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		body(t, testBundle{inventorystore.New(db)})
	})
}

func (b testBundle) receive(t *testing.T, sku, warehouse string, quantity int64) {
	t.Helper()

	_, err := b.Receive(t.Context(), inventory.Delivery{SKU: sku, Warehouse: warehouse, Quantity: quantity, By: "clerk"})
	require.NoError(t, err)
}

// requireStock checks the stock of a SKU in its only warehouse.
func (b testBundle) requireStock(t *testing.T, sku string, available, reserved, committed int64) {
	t.Helper()

	stock, err := b.Stock(t.Context(), sku)
	require.NoError(t, err)
	require.Len(t, stock, 1)
	require.Equal(t, []int64{available, reserved, committed, available + reserved + committed},
		[]int64{stock[0].Available, stock[0].Reserved, stock[0].Committed, stock[0].Received},
		"available, reserved, committed, received of %s", sku)
}

// states returns the states of a saga's reservations, by key.
func (b testBundle) states(t *testing.T, saga string) []inventory.State {
	t.Helper()

	all, err := b.Reservations(t.Context())
	require.NoError(t, err)
	var states []inventory.State
	for _, r := range all {
		if r.Key.Saga == saga {
			states = append(states, r.State)
		}
	}
	return states
}

// requireConsistent checks the stock rows of some SKUs, which no transaction is changing,
// against themselves and against the reservations.
func (b testBundle) requireConsistent(ctx context.Context, t require.TestingT, skus ...string) {
	type place struct{ sku, warehouse string }
	reserved, committed := map[place]int64{}, map[place]int64{}
	all, err := b.Reservations(ctx)
	require.NoError(t, err)
	for _, r := range all {
		for _, p := range r.Reservation.Parcels {
			for _, l := range p.Lines {
				switch at := (place{l.SKU, p.Warehouse}); r.State {
				case inventory.Held:
					reserved[at] += l.Quantity
				case inventory.Committed:
					committed[at] += l.Quantity
				case inventory.Released:
				}
			}
		}
	}
	stock, err := b.AllStock(ctx)
	require.NoError(t, err)
	for _, s := range stock {
		if !slices.Contains(skus, s.SKU) {
			continue
		}
		require.Equal(t, s.Received, s.Available+s.Reserved+s.Committed, "%+v", s)
		require.GreaterOrEqual(t, min(s.Available, s.Reserved, s.Committed), int64(0), "%+v", s)
		require.Equal(t, reserved[place{s.SKU, s.Warehouse}], s.Reserved, "%+v", s)
		require.Equal(t, committed[place{s.SKU, s.Warehouse}], s.Committed, "%+v", s)
	}
}

func reserve(saga string) key.Key { return key.New(saga, "inventory.reserve") }

func commit(saga string) key.Key { return key.New(saga, "inventory.commit") }

func ask(lines ...inventory.Line) inventory.ReserveRequest {
	return inventory.ReserveRequest{Lines: lines}
}

func line(sku string, quantity int64) inventory.Line {
	return inventory.Line{SKU: sku, Quantity: quantity}
}

// patiently calls f again as long as it lost against other transactions, as an
// activity does.
func patiently(f func() error) error {
	for {
		if err := f(); fault.KindOf(err) != fault.Transient {
			return err
		}
	}
}

func requireFault(t require.TestingT, err error, kind fault.Kind, code fault.Code) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	require.Error(t, err)
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
	require.Equal(t, kind, fault.KindOf(err), "%v", err)
}

func TestReady(t *testing.T) {
	t.Parallel()

	none := func(context.Context, *gorm.DB) error { return nil }
	dbtest.Each(t, none, func(t *testing.T, db *gorm.DB) {
		require.Error(t, inventorystore.Schema.Ready(t.Context(), db))
		require.NoError(t, inventorystore.Schema.Migrate(t.Context(), db))
		require.NoError(t, inventorystore.Schema.Migrate(t.Context(), db))
		require.NoError(t, inventorystore.Schema.Ready(t.Context(), db))
	})
}
