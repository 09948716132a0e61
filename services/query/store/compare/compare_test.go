package compare_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/query"
	queryaudit "github.com/amends/amends/services/query/audit"
	"github.com/amends/amends/services/query/store"
	"github.com/amends/amends/services/query/store/compare"
	"github.com/amends/amends/services/query/store/generations"
)

type testBundle struct {
	*compare.Store

	db *gorm.DB
}

// each runs body with a read model of the changes.
func each(t *testing.T, changes []query.Change, body func(*testing.T, testBundle)) {
	t.Helper()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		b := testBundle{compare.New(db), db}
		_, err := b.Orders(t.Context(), audit.Range{})
		require.Equal(t, fault.Unavailable, fault.CodeOf(err), "it is not filled yet")
		g := generations.New(db)
		first, err := g.Begin(t.Context())
		require.NoError(t, err)
		require.NoError(t, g.Switch(t.Context(), first))
		require.NoError(t, database.InTx(t.Context(), db, func(tx *gorm.DB) error { return store.New(db).Apply(tx, changes) }))
		body(t, b)
	})
}

var at = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func orders(n int) (changes []query.Change) {
	for i := range n {
		changes = append(changes, query.Change{At: at, Version: 1, Order: &query.Order{
			ID: fmt.Sprintf("order-%d", i), CustomerID: "cus_1", Account: "cus_1", Status: query.Cancelled, Reason: "DEADLINE", Currency: "EUR",
			Total: money.New(1850, "EUR"), Refunded: money.New(50, "EUR"), Attention: []query.Flag{{Step: "payment.authorize"}}, CreatedAt: at, UpdatedAt: at,
		}})
	}
	return changes
}

// TestOrdersHasEveryCopyOnce: in pages of every size, and in those of other services.
func TestOrdersHasEveryCopyOnce(t *testing.T) {
	t.Parallel()
	each(t, orders(7), func(t *testing.T, b testBundle) {
		for limit := 1; limit <= 8; limit++ {
			var ids []string
			r := audit.Range{Limit: limit}
			for {
				page, err := b.Orders(t.Context(), r)
				require.NoError(t, err)
				for _, f := range page.Facts {
					require.Equal(t, queryaudit.Fact{
						Saga: f.Saga, Since: at, Status: query.Cancelled, Reason: "DEADLINE", Customer: "cus_1", Account: "cus_1",
						Total: money.New(1850, "EUR"), Refunded: money.New(50, "EUR"), Flagged: true,
					}, f)
					ids = append(ids, f.Saga)
				}
				if page.Next == "" {
					break
				}
				r.After = page.Next
			}
			require.Equal(t, []string{"order-0", "order-1", "order-2", "order-3", "order-4", "order-5", "order-6"}, ids, "limit %d", limit)
		}
		page, err := b.Orders(t.Context(), audit.Range{After: "order-1", To: "order-3", Limit: 10})
		require.NoError(t, err)
		require.Len(t, page.Facts, 2)
		page, err = b.Orders(t.Context(), audit.Range{Sagas: []string{"order-5", "nobody"}, Limit: 1})
		require.NoError(t, err)
		require.Len(t, page.Facts, 1)
		require.Empty(t, page.Next)
	})
}

func product(version int64, name string) query.Change {
	return query.Change{At: at, Version: version, Product: &query.ProductChange{
		SKU: "MUG", Name: name, Category: "ware", Price: money.New(1850, "EUR"), Listed: true,
	}}
}

func stock(version, available int64) query.Change {
	return query.Change{At: at, Version: version, Stock: &query.Stock{SKU: "MUG", Warehouse: "BER", Available: available}}
}

// TestUnlikeFindsGoodsThatAreNotAsTheirOwnersSay: unless the read model has heard more.
func TestUnlikeFindsGoodsThatAreNotAsTheirOwnersSay(t *testing.T) {
	t.Parallel()
	each(t, []query.Change{product(3, "Mug"), stock(5, 7)}, func(t *testing.T, b testBundle) {
		differs := func(c query.Change) bool {
			unlike, words, err := b.Unlike(t.Context(), []query.Change{c})
			require.NoError(t, err)
			require.Len(t, words, len(unlike))
			return len(unlike) == 1
		}
		require.False(t, differs(product(3, "Mug")))
		require.True(t, differs(product(3, "Cup")))
		require.True(t, differs(product(4, "Cup")), "it is late")
		require.False(t, differs(product(4, "Mug")), "not every version is told")
		require.False(t, differs(product(2, "Cup")), "it has heard more")
		require.False(t, differs(stock(5, 7)))
		require.True(t, differs(stock(5, 8)))
		require.True(t, differs(stock(6, 8)))
		require.False(t, differs(stock(4, 8)))
		elsewhere := stock(5, 7)
		elsewhere.Stock.Warehouse = "AMS"
		require.True(t, differs(elsewhere))

		n, err := b.Count(t.Context())
		require.NoError(t, err)
		require.Equal(t, compare.Counts{Products: 1, Stock: 1}, n)
		wrong, err := b.Sums(t.Context())
		require.NoError(t, err)
		require.Empty(t, wrong)
		require.NoError(t, b.db.Exec("UPDATE products SET available = 6").Error)
		wrong, err = b.Sums(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"the read model offers 6 units of MUG, its stock of all warehouses is 7"}, wrong)

		upTo, err := b.AsOf(t.Context())
		require.NoError(t, err)
		require.True(t, upTo.IsZero())
		require.NoError(t, store.New(b.db).Stand(t.Context(), 3, at))
		upTo, err = b.AsOf(t.Context())
		require.NoError(t, err)
		require.Equal(t, at, upTo)
	})
}
