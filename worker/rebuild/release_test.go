package rebuild_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event/implied"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/told"
	catalogstore "github.com/amends/amends/services/catalog/store"
	inventorystore "github.com/amends/amends/services/inventory/store"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/services/query"
	querystore "github.com/amends/amends/services/query/store"
	"github.com/amends/amends/services/query/store/generations"
	"github.com/amends/amends/worker/rebuild"
	"github.com/amends/amends/worker/registry"
)

// released is the folder of a release's databases and answers; its README says how it was made.
const released = "testdata/v0.1.0"

// restored returns the databases of a service as v0.1.0 left them, migrated to now.
func restored(t *testing.T, name string) *registry.Stores {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(released, name+".sql"))
	require.NoError(t, err)
	dsn := dbtest.SQLite(t)
	pool, err := dbtest.Open(t, dsn, database.Options{}).DB()
	require.NoError(t, err)
	_, err = pool.ExecContext(t.Context(), string(content))
	require.NoError(t, err)
	row, err := registry.Find(name)
	require.NoError(t, err)
	s, err := registry.Open(t.Context(), row, registry.DSNs{Own: dsn, Outside: dbtest.SQLite(t)}, database.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Migrate(t.Context()))
	return s
}

// answer is an order as v0.1.0 answered GET for it.
type answer struct {
	ID         string
	CustomerID string `json:"customer_id"`
	Status     query.Status
	Reason     string
	Currency   money.Currency
	Total      money.Amount
	Lines      []query.Line
	Steps      []query.Step
	Parcels    []query.Parcel
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
}

// stored returns w as the database of the order keeps it: with microseconds, and with the end
// of the closing step before its answer has arrived.
func (w answer) stored() answer {
	for i := range w.Steps {
		s := &w.Steps[i]
		s.StartedAt, s.EndedAt = s.StartedAt.Truncate(time.Microsecond), s.EndedAt.Truncate(time.Microsecond)
		if s.Name == "order.confirm" || s.Name == "order.cancel" {
			s.EndedAt = time.Time{}
		}
	}
	if len(w.Parcels) == 0 {
		w.Parcels = nil
	}
	return w
}

// placed returns the part of w that its placement has.
func (w answer) placed() answer {
	return answer{ID: w.ID, CustomerID: w.CustomerID, Status: w.Status, Currency: w.Currency, CreatedAt: w.CreatedAt}
}

// shown returns the part of o that v0.1.0 showed.
func shown(o query.Order) answer {
	return answer{
		ID: o.ID, CustomerID: o.CustomerID, Status: o.Status, Reason: o.Reason, Currency: o.Currency, Total: o.Total,
		Lines: o.Lines, Steps: o.Steps, Parcels: o.Parcels, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
	}
}

// TestTheFirstStartFillsTheReadModelOfARelease: the databases of v0.1.0 have no outbox, and
// every order is read as v0.1.0 answered it.
func TestTheFirstStartFillsTheReadModelOfARelease(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, querystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		ctx := t.Context()
		b := &testBundle{query: querystore.New(db), db: db}
		owners := map[string]implied.Source{}
		for _, name := range []string{"order", "catalog", "inventory", "payment", "shipping"} {
			s := restored(t, name)
			owners[name] = s.Row.Implied(s)
			b.owned, b.told = append(b.owned, s.Own), append(b.told, told.New(s.Own))
		}
		b.orders, b.catalog, b.stock = orderstore.New(b.owned[0]), catalogstore.New(b.owned[1]), inventorystore.New(b.owned[2])
		b.rebuild = rebuild.New(generations.New(db), owners)
		require.Empty(t, b.follow(t), "nothing was told")
		require.NoError(t, b.rebuild.Fill(ctx))

		var want []answer
		content, err := os.ReadFile(filepath.Join(released, "orders.json"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(content, &want))
		require.Len(t, b.list(t), len(want))
		for _, w := range want {
			found, err := b.query.Order(ctx, w.ID)
			require.NoError(t, err)
			have := shown(found.Order)
			if w.Status == query.Pending { // until it is decided, the row of an order has its placement
				w, have = w.placed(), have.placed()
			}
			require.Equal(t, w.stored(), have.stored())
			timeline, err := b.query.Timeline(ctx, w.ID)
			require.NoError(t, err)
			require.Equal(t, "order.placed", timeline[0].Fact)
			require.Equal(t, w.Status != query.Pending, timeline[len(timeline)-1].Ends)
		}
		mugs, err := b.query.Products(ctx, query.ProductFilter{Text: "mug", Limit: 9})
		require.NoError(t, err)
		require.Len(t, mugs.Products, 1)

		b.trade(t, 0, 3) // the upgraded services tell
		require.NotEmpty(t, b.follow(t))
		require.Len(t, b.list(t), len(want)+3)
		differ, err := b.rebuild.Verify(ctx)
		require.NoError(t, err)
		require.Empty(t, differ)
	})
}
