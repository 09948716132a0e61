// Package cost measures the services' own part of an order: the steps of one confirmed
// order, called directly on PostgreSQL, without an engine.
package cost

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/catalog"
	catalogstore "github.com/amends/amends/services/catalog/store"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/outside"
	"github.com/amends/amends/services/payment/provider/simulator"
	paymentstore "github.com/amends/amends/services/payment/store"
	"github.com/amends/amends/services/shipping"
	carriersim "github.com/amends/amends/services/shipping/carrier/simulator"
	shippingstore "github.com/amends/amends/services/shipping/store"
)

// shop is every service and external system on a database of its own.
type shop struct {
	orders    order.Service
	catalog   catalog.Service
	inventory inventory.Service
	payments  payment.Service
	shipping  shipping.Service
}

// owners are the owners of the databases: the services, then the simulators, which are
// not the product's own cost.
var owners = []string{"order", "catalog", "inventory", "payment", "shipping", "provider", "carrier"}

const services = 5

// newShop returns a shop with stock for any number of orders. It opens its databases
// by open.
func newShop(tb testing.TB, open func(owner string, migrate func(context.Context, *gorm.DB) error) *gorm.DB) *shop {
	tb.Helper()
	goods, stock := catalogstore.New(open("catalog", catalogstore.Schema.Migrate)), inventorystore.New(open("inventory", inventorystore.Schema.Migrate))
	provider := simulator.New(open("provider", simulator.Schema.Migrate), simulator.Options{})
	carrier := carriersim.New(open("carrier", carriersim.Schema.Migrate), carriersim.Options{})
	require.NoError(tb, goods.Import(tb.Context(), []catalog.Product{
		{SKU: "MUG", Name: "Mug", Category: "ware", Price: money.New(1850, "EUR"), Active: true},
		{SKU: "KETTLE", Name: "Kettle", Category: "ware", Price: money.New(8900, "EUR"), Active: true},
	}))
	for sku, warehouse := range map[string]string{"MUG": "BER", "KETTLE": "AMS"} {
		_, err := stock.Receive(tb.Context(), inventory.Delivery{SKU: sku, Warehouse: warehouse, Quantity: 1_000_000, By: "clerk"})
		require.NoError(tb, err)
	}
	return &shop{
		orders: orderstore.New(open("order", orderstore.Schema.Migrate)), catalog: goods, inventory: stock,
		payments: outside.New(paymentstore.New(open("payment", paymentstore.Schema.Migrate)), provider, outside.Options{}),
		shipping: shipping.New(shippingstore.New(open("shipping", shippingstore.Schema.Migrate)), carrier, shipping.Options{}),
	}
}

// step is a step of an order's saga.
type step struct {
	name string
	do   func(ctx context.Context, s *shop, saga string) error
}

// total is the price of an order.
var total = money.New(12600, "EUR")

// steps are those of a confirmed order, in their order: two lines, which lie in one
// warehouse each, so two parcels.
var steps = []step{
	{"order.create", func(ctx context.Context, s *shop, saga string) error {
		at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		return only(s.orders.Create(ctx, key.New(saga, "order.create"), order.Placement{
			CustomerID: "cus_1", Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}},
			ShipTo: order.Address(destination), Fingerprint: "f00d", Nonce: saga, PlacedAt: at, DecideBy: at.Add(15 * time.Minute),
		}))
	}},
	{"catalog.quote", func(ctx context.Context, s *shop, saga string) error {
		return only(s.catalog.Quote(ctx, key.New(saga, "catalog.quote"), catalog.QuoteRequest{
			Currency: "EUR", Lines: []catalog.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}},
		}))
	}},
	{"inventory.reserve", func(ctx context.Context, s *shop, saga string) error {
		return only(s.inventory.Reserve(ctx, key.New(saga, "inventory.reserve"), inventory.ReserveRequest{
			Lines: []inventory.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}},
		}))
	}},
	{"payment.authorize", func(ctx context.Context, s *shop, saga string) error {
		return only(s.payments.Authorize(ctx, key.New(saga, "payment.authorize"), payment.AuthorizeRequest{Amount: total, Token: simulator.TokenVisa}))
	}},
	{"shipping.book", func(ctx context.Context, s *shop, saga string) error {
		return only(s.shipping.Book(ctx, key.New(saga, "shipping.book"), shipping.BookRequest{ShipTo: destination, Parcels: []shipping.Parcel{
			{Warehouse: "AMS", Lines: []shipping.Line{{SKU: "KETTLE", Quantity: 1}}},
			{Warehouse: "BER", Lines: []shipping.Line{{SKU: "MUG", Quantity: 2}}},
		}}))
	}},
	{"payment.capture", func(ctx context.Context, s *shop, saga string) error {
		return only(s.payments.Capture(ctx, key.New(saga, "payment.capture"), payment.CaptureRequest{Amount: total}))
	}},
	{"inventory.commit", func(ctx context.Context, s *shop, saga string) error {
		return only(s.inventory.Commit(ctx, key.New(saga, "inventory.commit")))
	}},
	{"order.confirm", func(ctx context.Context, s *shop, saga string) error {
		return only(s.orders.Confirm(ctx, key.New(saga, "order.confirm"), order.Closing{Total: &total, View: []byte(`{"steps":[]}`)}))
	}},
}

var destination = shipping.Address{Name: "Ada Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"}

// only drops an answer.
func only[T any](_ T, err error) error { return err }
