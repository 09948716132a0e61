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
	require.Regexp(t, "Style\tchoreographed", shown)
	require.Regexp(t, "Status\tPENDING", shown)
	require.Regexp(t, "order.create\tdone", shown)
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
	fill(t, dsn, id)

	p := start(t, env, "order", "show", "order-"+id, "--json")
	require.NoError(t, p.wait(t))
	var shown workflows.OrderView
	require.NoError(t, json.Unmarshal([]byte(p.out.String()), &shown))
	require.Equal(t, []any{id, workflows.StatusConfirmed, "MUG"}, []any{shown.ID, shown.Status, shown.Lines[0].SKU})
	require.Contains(t, p.err.String(), "this is the order of the read model", "whoever reads it knows what it is")

	_, err = once(t, env, "order", "show", "0745e5c6-e86f-813c-8fbf-1c5dad8202d5")
	require.ErrorContains(t, err, "and the read model: NOT_FOUND")
}

// fill puts confirmed orders into a read model that is empty, the first the newest.
func fill(t *testing.T, dsn string, ids ...string) {
	t.Helper()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	db := dbtest.Open(t, dsn, database.Options{})
	all := generations.New(db)
	_, err := all.Begin(t.Context())
	require.NoError(t, err)
	require.NoError(t, database.InTx(t.Context(), db, func(tx *gorm.DB) error {
		var changes []query.Change
		for i, id := range ids {
			placed := at.Add(-time.Duration(i) * time.Minute)
			changes = append(changes, query.Change{At: at, Version: 2, Order: &query.Order{
				ID: id, CustomerID: "cus_42", Status: query.Confirmed, Style: query.Orchestrated, Currency: "EUR", CreatedAt: placed, UpdatedAt: placed,
				Lines: []query.Line{{SKU: "MUG", Quantity: 2}},
			}})
		}
		return store.New(db).Apply(tx, changes)
	}))
	require.NoError(t, all.Switch(t.Context(), 1))
}

func TestAnOrderIsNamedByItsBeginning(t *testing.T) {
	t.Parallel()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "query.db")
	env := []string{"AMENDS_SERVICES_QUERY_DSN=" + dsn, "AMENDS_TEMPORAL_ADDRESS=127.0.0.1:1"}
	_, err := once(t, env, "migrate", "query")
	require.NoError(t, err)
	const one, two, other = "0745e5c6-e86f-813c-8fbf-1c5dad8202d4", "0745e5c6-e86f-813c-8fbf-1c5dad8202d5", "1845e5c6-e86f-813c-8fbf-1c5dad8202d4"
	fill(t, dsn, one, two, other)
	for _, name := range []string{other[:6], other[:8], other[:9], other[:11], other[:35], "order-" + other[:6], other} {
		shown, err := once(t, env, "order", "show", name)
		require.NoError(t, err, name)
		require.Contains(t, shown, "Order\t"+other+"\n", name)
	}
	for name, want := range map[string]string{
		one[:6]:  `"0745e5" is the beginning of several orders, such as ` + one + ", " + two + ": give more of the id",
		one[:35]: "give more of the id",
		"ffffff": `no order begins with "ffffff"; one that was placed a moment ago is found by its whole id`,
	} {
		_, err := once(t, env, "order", "show", name)
		require.ErrorContains(t, err, want, name)
	}
	_, err = once(t, env, "repair", one[:6], "payment.authorize", "--action", "retry", "--reason", "why")
	require.ErrorContains(t, err, "several orders", "an operator decides about one order")

	out, err := once(t, env, "order", "list", "--limit", "2")
	require.NoError(t, err)
	require.Equal(t, "Order\tStatus\tReason\tPlaced\tTotal\tNeeds attention\tCustomer\n"+
		one+"\tCONFIRMED\t\t2026-01-02 03:04:05Z\t\t\tcus_42\n"+two+"\tCONFIRMED\t\t2026-01-02 03:03:05Z\t\t\tcus_42\n", out)
	old, err := once(t, env, "orders", "--limit", "2")
	require.NoError(t, err)
	require.Equal(t, out, old, "the name of earlier releases")
	out, err = once(t, env, "order", "list", "--sku", "NONE")
	require.NoError(t, err)
	require.Empty(t, out)
	out, err = once(t, env, "__complete", "order", "show", "18")
	require.NoError(t, err)
	require.Contains(t, out, other+"\tCONFIRMED\n")
	require.NotContains(t, out, one)
}
