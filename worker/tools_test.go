package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event/implied"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/imported"
	orderimplied "github.com/amends/amends/services/order/store/implied"
	"github.com/amends/amends/services/order/store/imports"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/worker/registry"
)

func TestMigrateTwiceIsOnce(t *testing.T) {
	t.Parallel()
	o := options(t, registry.Names()...)
	require.NoError(t, Migrate(t.Context(), o))
	require.NoError(t, Migrate(t.Context(), o))
	for _, row := range registry.All {
		require.NoError(t, With(t.Context(), o, row.Name, func(s *registry.Stores) error { return s.Ready(t.Context()) }))
	}
}

// TestTheReadModelFollowsImportedOrders: as if it had been rebuilt, and without a fact that
// another service could hear.
func TestTheReadModelFollowsImportedOrders(t *testing.T) {
	t.Parallel()
	const id, other = "0190a6b2-7d1e-7c3f-9b5a-2f6d8e4c1a70", "0190a6b2-7d1e-7c3f-9b5a-2f6d8e4c1a71"
	o := options(t, "order", "query")
	require.NoError(t, Migrate(t.Context(), o))
	require.NoError(t, With(t.Context(), o, "order", func(s *registry.Stores) error {
		require.NoError(t, addImported(t, s, id, order.Confirmed), "before the read model")
		return With(t.Context(), o, "query", func(q *registry.Stores) error {
			rebuilt := q.Rebuild(map[string]implied.Source{"order": s.Row.Implied(s)})
			_, err := rebuilt.Run(t.Context())
			require.NoError(t, err)
			require.NoError(t, addImported(t, s, other, order.Cancelled), "beside it")
			_, err = q.ReadModel().Order(t.Context(), other)
			require.Equal(t, fault.NotFound, fault.CodeOf(err))
			for range 2 {
				rec, err := s.Orders().Get(t.Context(), other)
				require.NoError(t, err)
				require.NoError(t, q.Follow(t.Context(), orderimplied.Facts(rec)))
			}
			found, err := q.ReadModel().Orders(t.Context(), query.OrderFilter{Account: "cus_42", Limit: 10})
			require.NoError(t, err)
			require.Len(t, found.Orders, 2)
			differ, err := rebuilt.Verify(t.Context())
			require.NoError(t, err)
			require.Empty(t, differ)
			require.Empty(t, told.New(s.Own).Names(t))
			return nil
		})
	}))
}

func addImported(t *testing.T, s *registry.Stores, id string, status order.Status) error {
	t.Helper()
	price, at := money.New(1850, "EUR"), time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	i := imported.Order{
		ID: id, CustomerID: "cus_42", Status: status, Currency: "EUR", Total: price, Lines: []order.TakenLine{{SKU: "MUG", Quantity: 1, UnitPrice: &price}},
		ShipTo: order.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", Country: "DE"}, CreatedAt: at, UpdatedAt: at.Add(time.Second),
	}
	if status == order.Cancelled {
		i.Reason = order.OutOfStock
	}
	_, err := imports.Add(t.Context(), s.Own, []imported.Order{i})
	return err
}

func TestWithWatchRefusesADatabaseThatIsNotMigrated(t *testing.T) {
	t.Parallel()
	err := WithWatch(t.Context(), options(t, "order"), func(*watch.Watch) error { panic("it has no tables") })
	require.ErrorContains(t, err, "the database has not been migrated")
}
