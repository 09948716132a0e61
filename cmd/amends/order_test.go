package main

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store"
	"github.com/amends/amends/services/query/store/generations"
	"github.com/amends/amends/workflows"
)

// A choreographed order has no workflow, so its record is shown; of any other the record is no
// proof of how far it has come.
func TestAChoreographedOrderIsShownFromItsRecord(t *testing.T) {
	t.Parallel()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "order.db")
	env := []string{"AMENDS_SERVICES_ORDER_DSN=" + dsn, "AMENDS_TEMPORAL_ADDRESS=127.0.0.1:1"}
	_, err := once(t, env, "migrate", "order")
	require.NoError(t, err)
	orders := orderstore.New(dbtest.Open(t, dsn, database.Options{}))
	const id, other = "0745e5c6-e86f-813c-8fbf-1c5dad8202d4", "0745e5c6-e86f-813c-8fbf-1c5dad8202d5"
	asked := order.Placement{CustomerID: "cus_42", Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 2}}, PaymentToken: "tok_canary"}
	_, err = orders.Place(t.Context(), id, asked, time.Minute)
	require.NoError(t, err)
	_, err = orders.Create(t.Context(), key.New(other, "order.create"), asked)
	require.NoError(t, err)

	shown, err := once(t, env, "order", "show", "order-"+id)
	require.NoError(t, err)
	require.Regexp(t, `Style +│ choreographed`, shown)
	require.Regexp(t, `Status +│ PENDING`, shown)
	require.Regexp(t, `order.create +│ done`, shown)
	require.NotContains(t, shown, "canary")
	_, err = once(t, env, "order", "show", other)
	require.ErrorContains(t, err, "127.0.0.1:1")
}

// An engine that is away, or has forgotten an order, does not hide it.
func TestOrderIsShownFromTheReadModel(t *testing.T) {
	t.Parallel()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "query.db")
	env := []string{"AMENDS_SERVICES_QUERY_DSN=" + dsn, "AMENDS_TEMPORAL_ADDRESS=127.0.0.1:1"}
	_, err := once(t, env, "migrate", "query")
	require.NoError(t, err)

	const id = "0745e5c6-e86f-813c-8fbf-1c5dad8202d4"
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	db := dbtest.Open(t, dsn, database.Options{})
	all := generations.New(db)
	_, err = all.Begin(t.Context())
	require.NoError(t, err)
	require.NoError(t, database.InTx(t.Context(), db, func(tx *gorm.DB) error {
		return store.New(db).Apply(tx, []query.Change{{At: at, Version: 2, Order: &query.Order{
			ID: id, CustomerID: "cus_42", Status: query.Confirmed, Style: query.Orchestrated, Currency: "EUR", CreatedAt: at, UpdatedAt: at,
			Lines: []query.Line{{SKU: "MUG", Quantity: 2}},
		}}})
	}))
	require.NoError(t, all.Switch(t.Context(), 1))

	p := start(t, env, "order", "show", "order-"+id, "--json")
	require.NoError(t, p.wait(t))
	var shown workflows.OrderView
	require.NoError(t, json.Unmarshal([]byte(p.out.String()), &shown))
	require.Equal(t, []any{id, workflows.StatusConfirmed, "MUG"}, []any{shown.ID, shown.Status, shown.Lines[0].SKU})
	require.Contains(t, p.err.String(), "this is the order of the read model", "whoever reads it knows what it is")

	_, err = once(t, env, "order", "show", "0745e5c6-e86f-813c-8fbf-1c5dad8202d5")
	require.ErrorContains(t, err, "and the read model: NOT_FOUND")
}
