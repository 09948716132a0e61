// Package shoptest is a whole shop for tests: every service on its own database,
// the two external systems, demo stock, and the invariants that must hold when
// every saga has ended.
package shoptest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/catalog"
	catalogstore "github.com/amends/amends/services/catalog/store"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/services/payment/outside"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/provider/simulator"
	paymentstore "github.com/amends/amends/services/payment/store"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/services/shipping/carrier"
	carriersim "github.com/amends/amends/services/shipping/carrier/simulator"
	shippingstore "github.com/amends/amends/services/shipping/store"
)

// Shop is every service with its database.
type Shop struct {
	Orders    *orderstore.Store
	Catalog   *catalogstore.Store
	Inventory *inventorystore.Store
	Payments  *paymentstore.Store
	Provider  *simulator.Simulator
	Shipments *shippingstore.Store
	Carrier   *carriersim.Simulator

	// Requests reads the inputs of sagas, for a first step that is not local any more;
	// nil: there is no engine.
	Requests activities.Requests

	// Pass passes the doctor's questions on to services that follow the shop; nil: there are
	// none.
	Pass activities.Pass

	// Faults may wrap the order service, and the calls of the others to the
	// external systems.
	Faults Faults

	// Refusals are those of [Shop.FaultyProvider] and [Shop.FaultyCarrier].
	Refusals Refusals

	ahead     atomic.Int64 // the provider's clock, in nanoseconds
	databases []*gorm.DB
	books     map[string]*gorm.DB // the same, by the name of their service or external system
	resets    [][]string          // of each database: the statements that restore the snapshot
	dumps     []dump              // of each database
}

// Faults wraps the order service and the external systems; nil fields wrap
// nothing.
type Faults struct {
	Orders   func(order.Service) order.Service
	Provider func(provider.Provider) provider.Provider
	Carrier  func(carrier.Carrier) carrier.Carrier
	// OneByOne calls the carrier for one parcel after the other.
	OneByOne bool
}

// DSNs name the database of each service.
type DSNs struct{ Order, Catalog, Inventory, Payment, Provider, Shipping, Carrier string }

// New returns a migrated shop on fresh databases in memory.
func New(tb testing.TB) *Shop {
	tb.Helper()
	s := open(tb, inMemory, true, nil, nil)
	s.Seed(tb)
	return s
}

// NewForOne returns the same shop as [New], several times as fast, for a single
// goroutine: not even two readers may use it at a time. See [Shop.Reset].
func NewForOne(tb testing.TB) *Shop {
	tb.Helper()
	return NewForOneOver(tb, nil)
}

// NewForOneOver is [NewForOne] with services that use their databases over what over
// returns for each service; nil: as they are. [Shop.Book] and the simulators have the
// databases themselves.
func NewForOneOver(tb testing.TB, over func(*gorm.DB) *gorm.DB) *Shop {
	tb.Helper()
	s := open(tb, inMemory, true, keepPrepared, over)
	s.Seed(tb)
	return s
}

var inMemory = func(memory string) DSNs {
	return DSNs{memory, memory, memory, memory, memory, memory, memory}
}("sqlite::memory:")

// Open opens a shop's databases, and migrates them if asked to.
func Open(tb testing.TB, dsns DSNs, migrate bool) *Shop {
	tb.Helper()
	return open(tb, dsns, migrate, nil, nil)
}

// open wraps each database with keep, and what a service sees of it with over, unless they
// are nil.
func open(tb testing.TB, dsns DSNs, migrate bool, keep func(testing.TB, *gorm.DB) *gorm.DB, over func(*gorm.DB) *gorm.DB) *Shop {
	tb.Helper()
	var all []*gorm.DB
	books := map[string]*gorm.DB{}
	open := func(name, dsn string, up func(context.Context, *gorm.DB) error) *gorm.DB {
		db := dbtest.Open(tb, dsn, database.Options{})
		if migrate {
			require.NoError(tb, up(tb.Context(), db))
		}
		if keep != nil {
			db = keep(tb, db)
		}
		all, books[name] = append(all, db), db
		return db
	}
	service := func(name, dsn string, up func(context.Context, *gorm.DB) error) *gorm.DB {
		db := open(name, dsn, up)
		if over != nil {
			db = over(db)
		}
		return db
	}
	s := &Shop{
		Orders:    orderstore.New(service("order", dsns.Order, orderstore.Schema.Migrate)),
		Catalog:   catalogstore.New(service("catalog", dsns.Catalog, catalogstore.Schema.Migrate)),
		Inventory: inventorystore.New(service("inventory", dsns.Inventory, inventorystore.Schema.Migrate)),
		Payments:  paymentstore.New(service("payment", dsns.Payment, paymentstore.Schema.Migrate)),
		Shipments: shippingstore.New(service("shipping", dsns.Shipping, shippingstore.Schema.Migrate)),
		Carrier:   carriersim.New(open("carrier", dsns.Carrier, carriersim.Schema.Migrate), carriersim.Options{MaxHang: time.Second}),
	}
	s.Provider = simulator.New(open("provider", dsns.Provider, simulator.Schema.Migrate), simulator.Options{
		HangFor: time.Second, SlowFor: time.Millisecond,
		Now: func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) },
	})
	s.databases, s.books = all, books
	return s
}

// Skip advances the provider's clock, past the time for which it hides a result.
func (s *Shop) Skip(d time.Duration) { s.ahead.Add(int64(d)) }

// CallTimeout is how long the shop's services wait for an external system: short,
// so that a reply that is lost on purpose does not delay a test.
const CallTimeout = 100 * time.Millisecond

// Bind binds every service's steps.
func (s *Shop) Bind(r saga.Registry) {
	var (
		orders  order.Service     = s.Orders
		money   provider.Provider = s.Provider
		parcels carrier.Carrier   = s.Carrier
	)
	if s.Faults.Orders != nil {
		orders = s.Faults.Orders(orders)
	}
	if s.Faults.Provider != nil {
		money = s.Faults.Provider(money)
	}
	if s.Faults.Carrier != nil {
		parcels = s.Faults.Carrier(parcels)
	}
	activities.BindOrder(r, orders, s.Requests)
	activities.BindCatalog(r, s.Catalog)
	activities.BindInventory(r, s.Inventory)
	activities.BindPayment(r, outside.New(s.Payments, money, outside.Options{CallTimeout: CallTimeout}))
	calls := shipping.Options{CallTimeout: CallTimeout}
	if s.Faults.OneByOne {
		calls.MaxCalls = 1
	}
	activities.BindShipping(r, shipping.New(s.Shipments, parcels, calls))
}

// Seed adds products and stock.
func (s *Shop) Seed(tb testing.TB) {
	tb.Helper()
	eur := func(minor int64) money.Amount { return money.New(minor, "EUR") }
	require.NoError(tb, s.Catalog.Import(tb.Context(), []catalog.Product{
		{SKU: "TEA", Name: "Tea", Category: "tea", Price: eur(1299), Active: true},
		{SKU: "MUG", Name: "Mug", Category: "ware", Price: eur(1850), Active: true},
		{SKU: "KETTLE", Name: "Kettle", Category: "ware", Price: eur(8900), Active: true},
		{SKU: "LEAFLET", Name: "Leaflet", Category: "print", Price: eur(0), Active: true},
		{SKU: "SOLD-OUT", Name: "Sold out", Category: "tea", Price: eur(999), Active: true},
		{SKU: "RETIRED", Name: "Retired", Category: "tea", Price: eur(999), Active: false},
	}))
	for _, d := range []inventory.Delivery{
		{SKU: "TEA", Warehouse: "AMS", Quantity: 1000},
		{SKU: "TEA", Warehouse: "BER", Quantity: 1000},
		{SKU: "MUG", Warehouse: "BER", Quantity: 1000},
		{SKU: "KETTLE", Warehouse: "AMS", Quantity: 1000},
		{SKU: "LEAFLET", Warehouse: "BER", Quantity: 1000},
	} {
		d.By = "shoptest"
		_, err := s.Inventory.Receive(tb.Context(), d)
		require.NoError(tb, err)
	}
}
