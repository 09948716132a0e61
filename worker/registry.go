package worker

import (
	"fmt"
	"strings"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/saga"
	catalogstore "github.com/amends/amends/services/catalog/store"
	inventorystore "github.com/amends/amends/services/inventory/store"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/services/payment"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	providersimulator "github.com/amends/amends/services/payment/provider/simulator"
	paymentstore "github.com/amends/amends/services/payment/store"
	"github.com/amends/amends/services/shipping"
	shippingaudit "github.com/amends/amends/services/shipping/audit"
	carriersimulator "github.com/amends/amends/services/shipping/carrier/simulator"
	shippingstore "github.com/amends/amends/services/shipping/store"
)

// row declares one service. Its configuration, its databases, its task queue and
// the words of its codes follow from it.
type row struct {
	// name is the service's name: that of its section in the configuration, its
	// database, its default task queue, and the first part of its steps' names.
	name string
	// decides reports whether the service's worker also runs the order workflow.
	decides bool
	// own is the schema of the service's database.
	own database.Schema
	// outside is the schema of the simulator of the external system that the service
	// calls, nil if it calls none; outsideName is the system's name.
	outside     database.Schema
	outsideName string
	// bind registers the service's steps.
	bind func(r saga.Registry, s *stores)
	// audit registers the doctor's questions to the service. The order service also
	// answers questions about the engine's sagas.
	audit func(r saga.Registry, s *stores, engine activities.Sagas)
	// words explain the service's codes and steps to operators.
	words activities.Words
}

// registry is the only list of services, in the order of an order's journey.
var registry = []row{
	{
		name: "order", decides: true, own: orderstore.Schema,
		bind: func(r saga.Registry, s *stores) { activities.BindOrder(r, orderstore.New(s.own)) },
		audit: func(r saga.Registry, s *stores, engine activities.Sagas) {
			orders := orderstore.New(s.own)
			activities.BindOrderAudit(r, orders, orders, engine)
			activities.BindAcknowledge(r, orders, engine)
		},
		words: activities.OrderWords,
	},
	{
		name: "catalog", own: catalogstore.Schema,
		bind: func(r saga.Registry, s *stores) { activities.BindCatalog(r, catalogstore.New(s.own)) },
		audit: func(r saga.Registry, s *stores, _ activities.Sagas) {
			activities.BindCatalogAudit(r, catalogstore.New(s.own))
		},
		words: activities.CatalogWords,
	},
	{
		name: "inventory", own: inventorystore.Schema,
		bind: func(r saga.Registry, s *stores) { activities.BindInventory(r, inventorystore.New(s.own)) },
		audit: func(r saga.Registry, s *stores, _ activities.Sagas) {
			activities.BindInventoryAudit(r, inventorystore.New(s.own))
		},
		words: activities.InventoryWords,
	},
	{
		name: "payment", own: paymentstore.Schema,
		outside: providersimulator.Schema, outsideName: "provider",
		bind: func(r saga.Registry, s *stores) {
			provider := providersimulator.New(s.outside, providersimulator.Options{})
			activities.BindPayment(r, payment.New(paymentstore.New(s.own), provider, payment.Options{}))
		},
		audit: func(r saga.Registry, s *stores, _ activities.Sagas) {
			statement := providersimulator.New(s.outside, providersimulator.Options{})
			activities.BindPaymentAudit(r, paymentaudit.New(paymentstore.New(s.own), statement))
		},
		words: activities.PaymentWords,
	},
	{
		name: "shipping", own: shippingstore.Schema,
		outside: carriersimulator.Schema, outsideName: "carrier",
		bind: func(r saga.Registry, s *stores) {
			carrier := carriersimulator.New(s.outside, carriersimulator.Options{})
			activities.BindShipping(r, shipping.New(shippingstore.New(s.own), carrier, shipping.Options{}))
		},
		audit: func(r saga.Registry, s *stores, _ activities.Sagas) {
			statement := carriersimulator.New(s.outside, carriersimulator.Options{})
			activities.BindShippingAudit(r, shippingaudit.New(shippingstore.New(s.own), statement))
		},
		words: activities.ShippingWords,
	},
}

// Declaration is the part of a service's row that a configuration needs.
type Declaration struct {
	// Name is the service's name.
	Name string
	// Outside is the name of its external system, empty for a service without one.
	Outside string
}

// Declarations returns every service, in the order of an order's journey.
func Declarations() []Declaration {
	all := make([]Declaration, len(registry))
	for i, r := range registry {
		all[i] = Declaration{Name: r.name, Outside: r.outsideName}
	}
	return all
}

// Names returns the names of all services.
func Names() []string {
	names := make([]string, len(registry))
	for i, row := range registry {
		names[i] = row.name
	}
	return names
}

// Words returns the words of all services.
func Words() watch.Words {
	var all []watch.Words
	for _, r := range registry {
		all = append(all, watch.Words(r.words))
	}
	return watch.NewWords(all...)
}

func find(name string) (row, error) {
	for _, r := range registry {
		if r.name == name {
			return r, nil
		}
	}
	return row{}, fmt.Errorf("no service %q: there are %s", name, strings.Join(Names(), ", "))
}
