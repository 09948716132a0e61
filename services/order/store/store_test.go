package store_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
)

// testBundle is a Store with the helpers of its tests. Tests that share one use
// order ids of their own.
type testBundle struct {
	*orderstore.Store
	db *gorm.DB
}

// each runs body on both databases.
func each(t *testing.T, body func(t *testing.T, b testBundle)) {
	t.Helper()

	dbtest.Each(t, orderstore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		body(t, testBundle{orderstore.New(db), db})
	})
}

func (b testBundle) create(t *testing.T, id string) order.Record {
	t.Helper()

	rec, err := b.Create(t.Context(), create(id), placement())
	require.NoError(t, err)
	return rec
}

// Get returns the whole record, with the address that callers of the service get by
// Address only.
func (b testBundle) Get(ctx context.Context, id string) (order.Record, error) {
	rec, err := b.Store.Get(ctx, id)
	if err == nil {
		rec.Placement.ShipTo, err = b.Address(ctx, id)
	}
	return rec, err
}

// requireStored checks that the database has rec and its lines.
func (b testBundle) requireStored(t *testing.T, rec order.Record) {
	t.Helper()

	got, err := b.Get(t.Context(), rec.ID)
	require.NoError(t, err)
	require.Equal(t, rec, got)
	var lines []order.Line
	require.NoError(t, b.db.Raw("SELECT sku, quantity FROM order_lines WHERE order_id = ? ORDER BY position", rec.ID).
		Scan(&lines).Error)
	require.Equal(t, rec.Placement.Lines, lines)
}

func (b testBundle) history(t *testing.T, id string) []order.Change {
	t.Helper()

	h, err := b.History(t.Context(), id)
	require.NoError(t, err)
	return h
}

// kept is the part of the placement that the order service keeps.
func kept() order.Placement {
	p := placement()
	p.PaymentToken = ""
	return p
}

func placement() order.Placement {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)
	return order.Placement{
		CustomerID: "cus_42", Currency: "EUR",
		Lines:        []order.Line{{SKU: "MUG-STONEWARE", Quantity: 2}, {SKU: "KETTLE-STEEL", Quantity: 1}},
		ShipTo:       order.Address{Name: "Ä. Buyer \u0000 ✓", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"},
		PaymentToken: "tok_visa", Fingerprint: "f00d", Nonce: "n1", PlacedAt: at, DecideBy: at.Add(10 * time.Minute),
	}
}

func confirmed() order.Closing {
	total := money.New(12600, "EUR")
	return order.Closing{Total: &total, View: json.RawMessage(`{"steps": [ {"name":"inventory.reserve"} ]}`)}
}

func cancelled(r order.Reason) order.Closing {
	return order.Closing{Reason: r, View: json.RawMessage(`{"steps":[]}`)}
}

func create(id string) key.Key  { return key.New(id, "order.create") }
func confirm(id string) key.Key { return key.New(id, "order.confirm") }
func cancel(id string) key.Key  { return key.New(id, "order.cancel") }

// patiently calls f again as long as it lost against other transactions, as an
// activity does.
func patiently(f func() error) error {
	for {
		if err := f(); fault.KindOf(err) != fault.Transient {
			return err
		}
	}
}

func requireFault(t *testing.T, err error, kind fault.Kind, code fault.Code) {
	t.Helper()

	require.Error(t, err)
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
	require.Equal(t, kind, fault.KindOf(err), "%v", err)
}

func TestReady(t *testing.T) {
	t.Parallel()

	none := func(context.Context, *gorm.DB) error { return nil }
	dbtest.Each(t, none, func(t *testing.T, db *gorm.DB) {
		require.Error(t, orderstore.Schema.Ready(t.Context(), db))
		require.NoError(t, orderstore.Schema.Migrate(t.Context(), db))
		require.NoError(t, orderstore.Schema.Migrate(t.Context(), db))
		require.NoError(t, orderstore.Schema.Ready(t.Context(), db))
	})
}
