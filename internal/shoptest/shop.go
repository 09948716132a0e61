// Package shoptest is a whole shop for tests: every service on its own database,
// the outside world that two of them need, demo stock, and the invariants that
// must hold when every saga has ended.
package shoptest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/dbtest"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/catalog"
	catalogstore "github.com/amends/amends/services/catalog/store"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider/simulator"
	paymentstore "github.com/amends/amends/services/payment/store"
	"github.com/amends/amends/services/shipping"
	carriersim "github.com/amends/amends/services/shipping/carrier/simulator"
	shippingstore "github.com/amends/amends/services/shipping/store"
)

// Shop is every service and what they keep.
type Shop struct {
	Orders    *orderstore.Store
	Catalog   *catalogstore.Store
	Inventory *inventorystore.Store
	Payments  *paymentstore.Store
	Provider  *simulator.Simulator
	Shipments *shippingstore.Store
	Carrier   *carriersim.Simulator
}

// DSNs name the database of each service.
type DSNs struct{ Order, Catalog, Inventory, Payment, Provider, Shipping, Carrier string }

// New returns a migrated shop on fresh databases in memory.
func New(tb testing.TB) *Shop {
	tb.Helper()
	memory := "sqlite::memory:"
	s := Open(tb, DSNs{memory, memory, memory, memory, memory, memory, memory}, true)
	s.Seed(tb)
	return s
}

// Open opens a shop's databases, and migrates them if asked to.
func Open(tb testing.TB, dsns DSNs, migrate bool) *Shop {
	tb.Helper()
	open := func(dsn string, up func(context.Context, *gorm.DB) error) *gorm.DB {
		db := dbtest.Open(tb, dsn, database.Options{})
		if migrate {
			require.NoError(tb, up(tb.Context(), db))
		}
		return db
	}
	return &Shop{
		Orders:    orderstore.New(open(dsns.Order, orderstore.Migrate)),
		Catalog:   catalogstore.New(open(dsns.Catalog, catalogstore.Migrate)),
		Inventory: inventorystore.New(open(dsns.Inventory, inventorystore.Migrate)),
		Payments:  paymentstore.New(open(dsns.Payment, paymentstore.Migrate)),
		Provider: simulator.New(open(dsns.Provider, simulator.Migrate), simulator.Options{
			HangFor: time.Second, SlowFor: time.Millisecond,
		}),
		Shipments: shippingstore.New(open(dsns.Shipping, shippingstore.Migrate)),
		Carrier:   carriersim.New(open(dsns.Carrier, carriersim.Migrate), carriersim.Options{MaxHang: time.Second}),
	}
}

// CallTimeout is how long the shop's services wait for the outside world: short,
// so that a reply that is lost on purpose does not keep a test waiting.
const CallTimeout = 100 * time.Millisecond

// Bind binds every service's steps.
func (s *Shop) Bind(r saga.Registry) {
	activities.BindOrder(r, s.Orders)
	activities.BindCatalog(r, s.Catalog)
	activities.BindInventory(r, s.Inventory)
	activities.BindPayment(r, payment.NewWithOptions(s.Payments, s.Provider, payment.Options{CallTimeout: CallTimeout}))
	activities.BindShipping(r, shipping.New(s.Shipments, s.Carrier, shipping.Options{CallTimeout: CallTimeout}))
}

// Seed adds products and stock.
func (s *Shop) Seed(tb testing.TB) {
	tb.Helper()
	eur := func(minor int64) money.Amount { return money.New(minor, "EUR") }
	require.NoError(tb, s.Catalog.Import(tb.Context(), []catalog.Product{
		{SKU: "TEA", Name: "Tea", Category: "tea", Price: eur(1299), Active: true},
		{SKU: "MUG", Name: "Mug", Category: "ware", Price: eur(1850), Active: true},
		{SKU: "KETTLE", Name: "Kettle", Category: "ware", Price: eur(8900), Active: true},
		{SKU: "SOLD-OUT", Name: "Sold out", Category: "tea", Price: eur(999), Active: true},
		{SKU: "RETIRED", Name: "Retired", Category: "tea", Price: eur(999), Active: false},
	}))
	for _, d := range []inventory.Delivery{
		{SKU: "TEA", Warehouse: "AMS", Quantity: 1000},
		{SKU: "TEA", Warehouse: "BER", Quantity: 1000},
		{SKU: "MUG", Warehouse: "BER", Quantity: 1000},
		{SKU: "KETTLE", Warehouse: "AMS", Quantity: 1000},
	} {
		_, err := s.Inventory.Receive(tb.Context(), d)
		require.NoError(tb, err)
	}
}
