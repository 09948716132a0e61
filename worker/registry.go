package worker

import (
	"fmt"
	"strings"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga"
	catalogstore "github.com/amends/amends/services/catalog/store"
	inventorystore "github.com/amends/amends/services/inventory/store"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/services/payment"
	providersimulator "github.com/amends/amends/services/payment/provider/simulator"
	paymentstore "github.com/amends/amends/services/payment/store"
	"github.com/amends/amends/services/shipping"
	carriersimulator "github.com/amends/amends/services/shipping/carrier/simulator"
	shippingstore "github.com/amends/amends/services/shipping/store"
)

// row is what running a service takes.
type row struct {
	name string
	// own is the service's database, outside that of its simulator, if it has one.
	own, outside database.Schema
	// bind registers the service's steps.
	bind func(r saga.Registry, s *stores)
	// audit registers the doctor's questions to the service; the order service's
	// are to the engine too, and so is what it asks before it acknowledges an order.
	audit func(r saga.Registry, s *stores, engine activities.Sagas)
	// decides says that the service's worker runs the order workflow too.
	decides bool
}

// registry has one row per service.
var registry = []row{
	{
		name: "order", own: orderstore.Schema, decides: true,
		bind: func(r saga.Registry, s *stores) { activities.BindOrder(r, orderstore.New(s.own)) },
		audit: func(r saga.Registry, s *stores, engine activities.Sagas) {
			orders := orderstore.New(s.own)
			activities.BindOrderAudit(r, orders, orders, engine)
			activities.BindAcknowledge(r, orders, engine)
		},
	},
	{
		name: "catalog", own: catalogstore.Schema,
		bind: func(r saga.Registry, s *stores) { activities.BindCatalog(r, catalogstore.New(s.own)) },
		audit: func(r saga.Registry, s *stores, _ activities.Sagas) {
			activities.BindCatalogAudit(r, catalogstore.New(s.own))
		},
	},
	{
		name: "inventory", own: inventorystore.Schema,
		bind: func(r saga.Registry, s *stores) { activities.BindInventory(r, inventorystore.New(s.own)) },
		audit: func(r saga.Registry, s *stores, _ activities.Sagas) {
			activities.BindInventoryAudit(r, inventorystore.New(s.own))
		},
	},
	{
		name: "payment", own: paymentstore.Schema,
		outside: providersimulator.Schema,
		bind: func(r saga.Registry, s *stores) {
			provider := providersimulator.New(s.outside, providersimulator.Options{})
			activities.BindPayment(r, payment.New(paymentstore.New(s.own), provider))
		},
		audit: func(r saga.Registry, s *stores, _ activities.Sagas) {
			statement := providersimulator.New(s.outside, providersimulator.Options{})
			activities.BindPaymentAudit(r, payment.NewAuditor(paymentstore.New(s.own), statement))
		},
	},
	{
		name: "shipping", own: shippingstore.Schema,
		outside: carriersimulator.Schema,
		bind: func(r saga.Registry, s *stores) {
			carrier := carriersimulator.New(s.outside, carriersimulator.Options{})
			activities.BindShipping(r, shipping.New(shippingstore.New(s.own), carrier, shipping.Options{}))
		},
		audit: func(r saga.Registry, s *stores, _ activities.Sagas) {
			statement := carriersimulator.New(s.outside, carriersimulator.Options{})
			activities.BindShippingAudit(r, shipping.NewAuditor(shippingstore.New(s.own), statement))
		},
	},
}

func find(name string) (row, error) {
	for _, r := range registry {
		if r.name == name {
			return r, nil
		}
	}
	return row{}, fmt.Errorf("no service %q: there are %s", name, strings.Join(Names(), ", "))
}
