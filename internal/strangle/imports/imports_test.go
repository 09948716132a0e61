package imports_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/strangle/imports"
	"github.com/amends/amends/internal/strangle/monolith"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/monolithtest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/catalog"
	catalogstore "github.com/amends/amends/services/catalog/store"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/imported"
	orderstore "github.com/amends/amends/services/order/store"
	orderimports "github.com/amends/amends/services/order/store/imports"
	userstore "github.com/amends/amends/services/user/store"
)

var quick = argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

func product(sku string) string {
	return fmt.Sprintf(`{"sku":%q,"name":"Name of %[1]s","category":"tea","price":{"amount":999,"currency":"EUR"},"active":true}`, sku)
}

func account(id string) string {
	sum := sha256.Sum256([]byte("salt" + "an old password"))
	return fmt.Sprintf(`{"id":%q,"email":"%[1]s@shop.example","name":"N","locale":"en","salt":"salt","digest":%q,"created_at":"2020-01-01T00:00:00Z"}`, id, hex.EncodeToString(sum[:]))
}

func placed(id string) string {
	return fmt.Sprintf(`{"id":%q,"customer_id":"cus_1","status":"CONFIRMED","currency":"EUR","total":{"amount":999,"currency":"EUR"},`+
		`"lines":[{"sku":"A","quantity":1,"unit_price":{"amount":999,"currency":"EUR"}}],"ship_to":{"name":"A","line1":"1","city":"B","country":"DE"},`+
		`"created_at":"2020-01-01T00:00:00Z","updated_at":"2020-01-01T00:00:00Z"}`, id)
}

// records is the order service on its database.
type records struct {
	*orderstore.Store

	db *gorm.DB
}

func (r records) Import(ctx context.Context, all []imported.Order) (int64, error) {
	return orderimports.Add(ctx, r.db, all)
}

// lists is a read model that is told which orders it is to show, and is away at first.
type lists struct {
	fails int // so many times
	shown map[string]order.Status
}

func (l *lists) Show(_ context.Context, all []order.Record) error {
	if l.fails > 0 {
		l.fails--
		return fault.Errorf(fault.Transient, fault.Unavailable, "the read model is away")
	}
	for _, r := range all {
		l.shown[r.ID] = r.Status
	}
	return nil
}

// kind is an import of three pages.
type kind struct {
	name    string
	pages   []string
	migrate func(context.Context, *gorm.DB) error
	run     func(t *testing.T, db *gorm.DB) func(context.Context, *monolith.Client) (imports.Report, error)
	damage  string // a statement that makes one item differ
}

var kinds = []kind{
	{
		monolith.Products,
		[]string{"[" + product("A") + "]", "[" + product("B") + "," + product("C") + "]", "[]"},
		catalogstore.Schema.Migrate,
		func(_ *testing.T, db *gorm.DB) func(context.Context, *monolith.Client) (imports.Report, error) {
			return func(ctx context.Context, c *monolith.Client) (imports.Report, error) {
				return imports.Products(ctx, c, catalogstore.New(db))
			}
		}, "",
	},
	{
		monolith.Users,
		[]string{"[" + account("a") + "]", "[" + account("b") + "]", "[" + account("c") + "]"},
		userstore.Schema.Migrate,
		func(t *testing.T, db *gorm.DB) func(context.Context, *monolith.Client) (imports.Report, error) {
			t.Helper()
			s, err := userstore.New(db, userstore.Options{Secret: "a secret of tests that is long enough", Policy: quick})
			require.NoError(t, err)
			return func(ctx context.Context, c *monolith.Client) (imports.Report, error) { return imports.Users(ctx, c, s) }
		}, "UPDATE accounts SET name = 'Another' WHERE id = 'b'",
	},
	{
		monolith.Orders,
		[]string{"[" + placed("a") + "]", "[" + placed("b") + "," + placed("c") + "]", "[]"},
		orderstore.Schema.Migrate,
		func(_ *testing.T, db *gorm.DB) func(context.Context, *monolith.Client) (imports.Report, error) {
			return func(ctx context.Context, c *monolith.Client) (imports.Report, error) {
				return imports.Orders(ctx, c, records{orderstore.New(db), db}, &lists{shown: map[string]order.Status{}})
			}
		}, "UPDATE orders SET total_minor = 998 WHERE id = 'b'",
	},
}

func TestAnImportEndsAnywhereAndIsResumed(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, k.migrate, func(t *testing.T, db *gorm.DB) {
				m, c := monolithtest.New(t)
				m.Pages[k.name] = k.pages
				run := k.run(t, db)
				for n := 1; n <= 6; n++ { // each page is read twice
					m.Again(n)
					_, err := run(t.Context(), c)
					require.Equal(t, fault.Unavailable, fault.CodeOf(err), "call %d", n)
				}
				m.Again(0)
				r, err := run(t.Context(), c)
				require.NoError(t, err)
				require.Equal(t, "0 of 3 "+k.name+" differ", r.Compared())
				require.Zero(t, r.Written, "the runs before have written all")
				if k.damage == "" {
					return
				}
				require.NoError(t, db.Exec(k.damage).Error)
				r, err = run(t.Context(), c)
				require.NoError(t, err)
				require.Equal(t, "1 of 3 "+k.name+" differ", r.Compared())
				require.Contains(t, r.Differ[0], "b: its")
			})
		})
	}
}

// TestImportedOrdersAreShownInLists: also those of a run that ended between the two.
func TestImportedOrdersAreShownInLists(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, orderstore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		m, c := monolithtest.New(t)
		m.Pages[monolith.Orders] = []string{"[" + placed("a") + "]", "[" + placed("b") + "," + placed("c") + "]"}
		to, in := records{orderstore.New(db), db}, &lists{fails: 1, shown: map[string]order.Status{}}
		_, err := imports.Orders(t.Context(), c, to, in)
		require.Equal(t, fault.Unavailable, fault.CodeOf(err))
		_, err = to.Get(t.Context(), "a")
		require.NoError(t, err, "it is imported, and not shown")
		require.Empty(t, in.shown)
		r, err := imports.Orders(t.Context(), c, to, in)
		require.NoError(t, err)
		require.Equal(t, "0 of 3 orders differ", r.Compared())
		require.Equal(t, map[string]order.Status{"a": order.Confirmed, "b": order.Confirmed, "c": order.Confirmed}, in.shown)
	})
}

func TestADamagedPageIsNotImported(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		dbtest.Each(t, k.migrate, func(t *testing.T, db *gorm.DB) {
			m, c := monolithtest.New(t)
			m.Pages[k.name], m.Forge = k.pages, true
			r, err := k.run(t, db)(t.Context(), c)
			require.Equal(t, monolith.Damaged, fault.CodeOf(err))
			require.Zero(t, r.Written)
		})
	}
}

func TestMoneyThatTheMonolithPaysBackFollows(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, orderstore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		m, c := monolithtest.New(t)
		to := records{orderstore.New(db), db}
		for refunded, amount := range []string{"", `"refunded":{"amount":1,"currency":"EUR"},`, `"refunded":{"amount":2,"currency":"EUR"},`} {
			m.Pages[monolith.Orders] = []string{"[" + strings.Replace(placed("a"), `"lines"`, amount+`"lines"`, 1) + "]"}
			r, err := imports.Orders(t.Context(), c, to, &lists{shown: map[string]order.Status{}})
			require.NoError(t, err)
			require.Empty(t, r.Differ)
			got, err := to.Get(t.Context(), "a")
			require.NoError(t, err)
			require.EqualValues(t, refunded, got.Refunded)
		}
	})
}

func TestProductsFollowTheMonolith(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, catalogstore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := catalogstore.New(db)
		m, c := monolithtest.New(t)
		m.Pages[monolith.Products] = []string{"[" + product("A") + "," + product("B") + "]"}
		require.NoError(t, s.Import(t.Context(), []catalog.Product{{SKU: "A", Name: "Another", Category: "tea", Price: money.New(1, "EUR"), Active: true}}))
		r, err := imports.Products(t.Context(), c, s)
		require.NoError(t, err)
		require.Equal(t, 2, r.Written)
		require.Empty(t, r.Differ)
		p, err := s.Product(t.Context(), "A")
		require.NoError(t, err)
		require.Equal(t, "Name of A", p.Name)
	})
}

func level(sku, warehouse string, units, version int) string {
	return fmt.Sprintf(`{"sku":%q,"warehouse":%q,"available":%d,"version":%d}`, sku, warehouse, units, version)
}

func TestStockFollowsAndMoves(t *testing.T) {
	t.Parallel()
	const door = "http://127.0.0.1:9902"
	dbtest.Each(t, inventorystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := inventorystore.New(db)
		m, c := monolithtest.New(t)
		available := func(sku string) (n int64) {
			all, err := s.Stock(t.Context(), sku)
			require.NoError(t, err)
			for _, st := range all {
				n += st.Available
			}
			return n
		}
		// The stock of a demo, which is more than the monolith has, at a place that it does not have.
		_, err := s.Receive(t.Context(), inventory.Delivery{SKU: "A", Warehouse: "BER", Quantity: 100, By: "tests"})
		require.NoError(t, err)
		_, err = s.Receive(t.Context(), inventory.Delivery{SKU: "A", Warehouse: "AMS", Quantity: 100, By: "tests"})
		require.NoError(t, err)
		m.Pages[monolith.Stocks] = []string{"[" + level("A", "BER", 70, 1) + "]", "[" + level("B", "BER", 5, 1) + "]"}
		r, err := imports.Stock(t.Context(), c, s, "")
		require.NoError(t, err)
		require.Equal(t, 3, r.Written)
		require.Equal(t, "0 of 2 stock differ", r.Compared())
		require.EqualValues(t, 70, available("A"))
		require.EqualValues(t, 5, available("B"))
		require.Empty(t, m.StockAt())

		// While the stock moves the last orders are seen.
		m.OnHold = func() {
			m.Pages[monolith.Stocks] = []string{"[" + level("A", "BER", 61, 2) + "]", "[" + level("B", "BER", 5, 1) + "]"}
		}
		r, err = imports.Stock(t.Context(), c, s, door)
		require.NoError(t, err)
		require.Empty(t, r.Differ)
		require.EqualValues(t, 61, available("A"))
		require.Equal(t, door, m.StockAt())
		wrong, err := s.AuditStock(t.Context())
		require.NoError(t, err)
		require.Empty(t, wrong)

		_, err = imports.Stock(t.Context(), c, s, door)
		require.ErrorIs(t, err, imports.ErrMoved)
	})
}

// A retry of a scheduler and a person begin at the same time.
func TestTwoFirstImportsOfStockBookItOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, inventorystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := inventorystore.New(db)
		m, c := monolithtest.New(t)
		m.Pages[monolith.Stocks] = []string{"[" + level("A", "BER", 70, 1) + "]"}
		both := &together{Direct: s, met: make(chan struct{})}
		failed := make(chan error, 2)
		for range 2 {
			go func() { _, err := imports.Stock(t.Context(), c, both, ""); failed <- err }()
		}
		require.NoError(t, errors.Join(<-failed, <-failed))
		have, err := s.Stock(t.Context(), "A")
		require.NoError(t, err)
		require.EqualValues(t, 70, have[0].Available)
		wrong, err := s.AuditStock(t.Context())
		require.NoError(t, err)
		require.Empty(t, wrong)
	})
}

// together has two callers wait for each other once they have read the stock, before either
// writes.
type together struct {
	inventory.Direct

	waiting atomic.Int32
	met     chan struct{}
}

func (d *together) Receive(ctx context.Context, v inventory.Delivery) (inventory.Stock, error) {
	if d.waiting.Add(1) == 2 {
		close(d.met)
	}
	select {
	case <-d.met:
	case <-ctx.Done():
	}
	return d.Direct.Receive(ctx, v) //nolint:wrapcheck // a fault
}

func TestStockDoesNotMoveWhileOrdersHoldSome(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, inventorystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := inventorystore.New(db)
		m, c := monolithtest.New(t)
		m.Pages[monolith.Stocks] = []string{"[" + level("A", "BER", 70, 1) + "]"}
		_, err := s.Receive(t.Context(), inventory.Delivery{SKU: "A", Warehouse: "BER", Quantity: 10, By: "tests"})
		require.NoError(t, err)
		_, err = s.Reserve(t.Context(), key.New("order", "inventory.reserve"), inventory.ReserveRequest{Lines: []inventory.Line{{SKU: "A", Quantity: 1}}})
		require.NoError(t, err)
		_, err = imports.Stock(t.Context(), c, s, "http://127.0.0.1:9902")
		require.ErrorIs(t, err, imports.ErrSplit)
		require.Empty(t, m.StockAt())
	})
}
