package cost

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/proof/dbtest"
)

// spent is the use of one database by one step.
type spent struct {
	step, owner                     string
	transactions, trips, statements int
}

// TestAConfirmedOrder holds the use of every database by each step of a confirmed
// order, once the statements are prepared. A change of a number is a change of the
// cost of every order.
func TestAConfirmedOrder(t *testing.T) {
	t.Parallel()
	meters := map[string]func() dbtest.Spent{}
	s := newShop(t, func(owner string, migrate func(context.Context, *gorm.DB) error) *gorm.DB {
		var db *gorm.DB
		db, meters[owner] = dbtest.Counted(t, migrate)
		return db
	})
	var got []spent
	for _, saga := range []string{"ord_1", "ord_2"} { // the first prepares the statements
		got = nil
		for _, step := range steps {
			before := map[string]dbtest.Spent{}
			for owner, read := range meters {
				before[owner] = read()
			}
			require.NoError(t, step.do(t.Context(), s, saga), step.name)
			for _, owner := range owners {
				if d := meters[owner]().Minus(before[owner]); d != (dbtest.Spent{}) {
					got = append(got, spent{step.name, owner, d.Transactions, d.Trips, d.Statements})
				}
			}
		}
	}
	require.Equal(t, []spent{
		{"order.create", "order", 1, 2, 5},
		{"catalog.quote", "catalog", 1, 2, 6},
		{"inventory.reserve", "inventory", 1, 3, 10},
		{"payment.authorize", "payment", 2, 4, 10},
		{"payment.authorize", "provider", 1, 1, 1},
		{"shipping.book", "shipping", 3, 5, 11}, // of which 1, 1, 1 for the second parcel
		{"shipping.book", "carrier", 2, 2, 2},
		{"payment.capture", "payment", 2, 5, 14},
		{"payment.capture", "provider", 1, 3, 5},
		{"inventory.commit", "inventory", 1, 2, 8},
		{"order.confirm", "order", 1, 2, 6},
	}, got)

	all := spent{step: "all", owner: "services"}
	for _, g := range got {
		if slices.Index(owners, g.owner) < services {
			all.transactions, all.trips, all.statements = all.transactions+g.transactions, all.trips+g.trips, all.statements+g.statements
		}
	}
	require.Equal(t, spent{"all", "services", 12, 25, 70}, all)
}
