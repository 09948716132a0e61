// Package registry declares the services that workers run: one row each, with
// databases, steps, listener, audit and words. It also opens a service's databases. The
// doctor's list of services is in package judge.
package registry

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/event"
	"github.com/amends/amends/event/implied"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/audit/remote"
	"github.com/amends/amends/services/catalog"
	catalogrpc "github.com/amends/amends/services/catalog/rpc"
	catalogstore "github.com/amends/amends/services/catalog/store"
	"github.com/amends/amends/services/inventory"
	inventoryrpc "github.com/amends/amends/services/inventory/rpc"
	inventorystore "github.com/amends/amends/services/inventory/store"
	inventoryimplied "github.com/amends/amends/services/inventory/store/implied"
	"github.com/amends/amends/services/notification"
	messagesimulator "github.com/amends/amends/services/notification/channel/simulator"
	notificationrpc "github.com/amends/amends/services/notification/rpc"
	notificationstore "github.com/amends/amends/services/notification/store"
	"github.com/amends/amends/services/order"
	orderrpc "github.com/amends/amends/services/order/rpc"
	orderstore "github.com/amends/amends/services/order/store"
	orderimplied "github.com/amends/amends/services/order/store/implied"
	"github.com/amends/amends/services/payment"
	paymentcompare "github.com/amends/amends/services/payment/audit/compare"
	paymentoutside "github.com/amends/amends/services/payment/outside"
	providersimulator "github.com/amends/amends/services/payment/provider/simulator"
	paymentrpc "github.com/amends/amends/services/payment/rpc"
	paymentstore "github.com/amends/amends/services/payment/store"
	paymentstep "github.com/amends/amends/services/payment/store/step"
	"github.com/amends/amends/services/query"
	queryrpc "github.com/amends/amends/services/query/rpc"
	querystore "github.com/amends/amends/services/query/store"
	copies "github.com/amends/amends/services/query/store/compare"
	"github.com/amends/amends/services/shipping"
	shippingcompare "github.com/amends/amends/services/shipping/audit/compare"
	carriersimulator "github.com/amends/amends/services/shipping/carrier/simulator"
	shippingrpc "github.com/amends/amends/services/shipping/rpc"
	shippingstore "github.com/amends/amends/services/shipping/store"
	shippingstep "github.com/amends/amends/services/shipping/store/step"
	"github.com/amends/amends/services/support"
	supportrpc "github.com/amends/amends/services/support/rpc"
	supportstore "github.com/amends/amends/services/support/store"
	"github.com/amends/amends/services/user"
	userrpc "github.com/amends/amends/services/user/rpc"
	usersecret "github.com/amends/amends/services/user/secret"
	userstore "github.com/amends/amends/services/user/store"
	"github.com/amends/amends/worker/answer"
	"github.com/amends/amends/worker/reacting"
	"github.com/amends/amends/worker/registry/erasing"
)

// Row declares one service. Its configuration, its databases, its task queue and
// the words of its codes follow from it.
type Row struct {
	// Name is the service's name: that of its section in the configuration, its
	// database, its default task queue, and the first part of its steps' names.
	Name string
	// Decides reports whether the service's worker also runs the order workflow.
	Decides bool
	// own is the schema of the service's database.
	own database.Schema
	// outside is the schema of the simulator of the external system that the service
	// calls, nil if it calls none; outsideName is the system's name.
	outside     database.Schema
	outsideName string
	// leastSecret is the least length of the secret that the service needs beside its
	// database; 0: it needs none.
	leastSecret int
	// searches reports that the service's statements are searches; see
	// [database.Options.CustomPlans].
	searches bool
	// asks are the services whose methods the service calls.
	asks []string
	// Bind registers the service's steps. The order service also reads the inputs of
	// the engine's sagas. Nil: the service has no steps, and no queue is polled for it.
	Bind func(r saga.Registry, s *Stores, asked activities.Requests)
	// Try registers the first tries of the service's steps at the worker that runs the
	// workflow; nil: that worker has the steps themselves.
	Try func(r saga.Registry, p saga.Participant)
	// Serve answers the calls of the service's own methods; Bind serves its steps.
	Serve func(on grpc.ServiceRegistrar, s *Stores)
	// Audit registers the doctor's questions to the service, except for those that every
	// service answers: see [Stores.BindAudit]. The order service also
	// answers questions about the engine's sagas. Nil if Bind is.
	Audit func(r saga.Registry, s *Stores, engine activities.Sagas)
	// Answer returns the answers to the doctor's questions to a follower, a service without
	// steps: see [activities.PassOn]. here are the services of the process. Nil: it has none.
	Answer func(s *Stores, here []*Stores) remote.Questions
	// questions are the names of these questions, and of the one that every service answers.
	questions []string
	// Listen returns the group through which the service follows facts of others, a reaction
	// or a projection. Its name is the service's, so there is one: a handler distinguishes the
	// facts. o is complete but for the service's own wishes. Nil: it follows none.
	Listen func(s *Stores, o inbox.Options) *inbox.Group
	// Follows are the facts of a projection; those of a reaction are in the choreography.
	Follows []event.Declaration
	// Implied returns the facts that the service's rows imply; nil: no reader begins anew
	// from them.
	Implied func(s *Stores) implied.Source
	// Fill fills what the service keeps of the facts of others, before it first answers, from
	// those that their rows imply; nil: it keeps nothing.
	Fill func(ctx context.Context, s *Stores, owners map[string]implied.Source) error
	// Stand records how far the listener is behind the broker: how many events, -1 if that
	// is not known, and the time up to which it has handled all, the zero time if that is
	// not known. Nil: no one asks.
	Stand func(ctx context.Context, s *Stores, behind int64, upTo time.Time) error
	// Work returns what the service does by itself; nil: nothing.
	Work func(s *Stores, log *slog.Logger) (Work, error)
	// words explain the service's codes and steps to operators.
	words activities.Words
	// facts are those that the service tells.
	facts []event.Declaration
}

// Work is what a service does by itself.
type Work interface {
	// Run does it until ctx ends, then returns nil after what it has begun.
	Run(ctx context.Context) error
	// Warnings returns what operators should know while it runs.
	Warnings() []string
}

// All has the row of every service, in the order of an order's journey. The
// caller must not change it.
var All = []Row{
	{
		Name: "order", Decides: true, own: orderstore.Schema, asks: []string{"query", "notification"},
		Bind: func(r saga.Registry, s *Stores, asked activities.Requests) {
			activities.BindOrder(r, orderstore.New(s.Own), asked)
		},
		Serve: func(on grpc.ServiceRegistrar, s *Stores) { orderrpc.Register(on, orderstore.New(s.Own)) },
		Audit: func(r saga.Registry, s *Stores, engine activities.Sagas) {
			orders := orderstore.New(s.Own)
			activities.BindOrderAudit(r, orders, orders, engine)
			activities.BindAcknowledge(r, orders, engine)
		},
		Implied: func(s *Stores) implied.Source { return orderimplied.Source(orderstore.New(s.Own)) },
		Listen: func(s *Stores, o inbox.Options) *inbox.Group {
			return inbox.React(reactions.Order(orderstore.New(s.Own)), o)
		},
		Work:  ofOrders,
		words: activities.OrderWords, facts: order.Facts,
	},
	{
		Name: "catalog", own: catalogstore.Schema, asks: []string{"order"},
		Bind: func(r saga.Registry, s *Stores, _ activities.Requests) {
			activities.BindCatalog(r, catalogstore.New(s.Own))
		},
		Try:   activities.TryCatalog,
		Serve: func(on grpc.ServiceRegistrar, s *Stores) { catalogrpc.Register(on, catalogstore.New(s.Own)) },
		Audit: func(r saga.Registry, s *Stores, _ activities.Sagas) {
			activities.BindCatalogAudit(r, catalogstore.New(s.Own))
		},
		Implied: func(s *Stores) implied.Source { return catalogstore.New(s.Own).Implied },
		Listen: func(s *Stores, o inbox.Options) *inbox.Group {
			return inbox.React(reactions.Catalog(catalogstore.New(s.Own), reacting.Parts(s.asked["order"])), o)
		},
		words: activities.CatalogWords, facts: catalog.Facts,
	},
	{
		Name: "inventory", own: inventorystore.Schema, asks: []string{"order"},
		Bind: func(r saga.Registry, s *Stores, _ activities.Requests) {
			activities.BindInventory(r, inventorystore.New(s.Own))
		},
		Try:   activities.TryInventory,
		Serve: func(on grpc.ServiceRegistrar, s *Stores) { inventoryrpc.Register(on, inventorystore.New(s.Own)) },
		Audit: func(r saga.Registry, s *Stores, _ activities.Sagas) {
			activities.BindInventoryAudit(r, inventorystore.New(s.Own))
		},
		Implied: func(s *Stores) implied.Source { return inventoryimplied.Source(s.Own) },
		Listen: func(s *Stores, o inbox.Options) *inbox.Group {
			return inbox.React(reactions.Inventory(inventorystore.New(s.Own), reacting.Parts(s.asked["order"])), o)
		},
		words: activities.InventoryWords, facts: inventory.Facts,
	},
	{
		Name: "payment", own: paymentstore.Schema, asks: []string{"order"},
		outside: providersimulator.Schema, outsideName: "provider",
		Bind:  func(r saga.Registry, s *Stores, _ activities.Requests) { activities.BindPayment(r, s.payments()) },
		Try:   activities.TryPayment,
		Serve: func(on grpc.ServiceRegistrar, s *Stores) { paymentrpc.Register(on, paymentstore.New(s.Own)) },
		Audit: func(r saga.Registry, s *Stores, _ activities.Sagas) {
			statement := providersimulator.New(s.outside, providersimulator.Options{})
			activities.BindPaymentAudit(r, paymentcompare.New(paymentstore.New(s.Own), statement))
		},
		Implied: func(s *Stores) implied.Source { return compare.Source(s.Own, paymentstep.Steps) },
		Listen: func(s *Stores, o inbox.Options) *inbox.Group {
			return inbox.React(reactions.Payment(s.payments(), reacting.Parts(s.asked["order"])), o)
		},
		words: activities.PaymentWords, facts: payment.Facts,
	},
	{
		Name: "shipping", own: shippingstore.Schema, asks: []string{"order"},
		outside: carriersimulator.Schema, outsideName: "carrier",
		Bind:  func(r saga.Registry, s *Stores, _ activities.Requests) { activities.BindShipping(r, s.parcels()) },
		Try:   activities.TryShipping,
		Serve: func(on grpc.ServiceRegistrar, s *Stores) { shippingrpc.Register(on, shippingstore.New(s.Own)) },
		Audit: func(r saga.Registry, s *Stores, _ activities.Sagas) {
			statement := carriersimulator.New(s.outside, carriersimulator.Options{})
			activities.BindShippingAudit(r, shippingcompare.New(shippingstore.New(s.Own), statement))
		},
		Implied: func(s *Stores) implied.Source { return compare.Source(s.Own, shippingstep.Steps) },
		Listen: func(s *Stores, o inbox.Options) *inbox.Group {
			return inbox.React(reactions.Shipping(s.parcels(), reacting.Parts(s.asked["order"])), o)
		},
		words: activities.ShippingWords, facts: shipping.Facts,
	},
	{
		Name: "user", own: userstore.Schema, leastSecret: usersecret.Least, asks: []string{"order"},
		Serve: func(on grpc.ServiceRegistrar, s *Stores) { userrpc.Register(on, s.Users()) },
		words: activities.UserWords, facts: user.Facts,
	},
	{
		Name: "query", own: querystore.Schema, searches: true, Follows: reactions.Followed(), asks: []string{"order", "catalog", "inventory", "payment", "shipping"},
		Serve: func(on grpc.ServiceRegistrar, s *Stores) { queryrpc.Register(on, s.ReadModel()) },
		Listen: func(s *Stores, o inbox.Options) *inbox.Group {
			return inbox.Project(inbox.Projection{Group: s.Row.Name, Facts: s.Row.Follows, Apply: s.project}, o)
		},
		Fill: func(ctx context.Context, s *Stores, owners map[string]implied.Source) error {
			return s.Rebuild(owners).Fill(ctx)
		},
		Stand: func(ctx context.Context, s *Stores, behind int64, upTo time.Time) error {
			return s.ReadModel().Stand(ctx, behind, upTo)
		},
		Answer: func(s *Stores, here []*Stores) remote.Questions {
			return answer.Copies(copies.New(s.Own), s.Owners(here))
		},
		questions: activities.QueryQuestions,
		words:     activities.QueryWords, facts: query.Facts,
	},
	{
		Name: "notification", own: notificationstore.Schema, asks: []string{"user", "order"},
		outside: messagesimulator.Schema, outsideName: "messenger",
		Serve:  func(on grpc.ServiceRegistrar, s *Stores) { notificationrpc.Register(on, notificationstore.New(s.Own)) },
		Listen: hearNotices, Follows: reactions.NotificationFacts, Work: sendNotices,
		Answer: func(s *Stores, _ []*Stores) remote.Questions {
			store := notificationstore.New(s.Own)
			return answer.Mails(store.Audit, store.Waiting, store.Changed)
		},
		questions: activities.NotificationQuestions,
		words:     activities.NotificationWords, facts: notification.Told,
	},
	{
		Name: "support", own: supportstore.Schema,
		Serve:  func(on grpc.ServiceRegistrar, s *Stores) { supportrpc.Register(on, supportstore.New(s.Own)) },
		Listen: hearErasures, Follows: reactions.SupportFacts,
		words: activities.SupportWords, facts: support.Facts,
	},
}

// Tells reports whether the service tells facts, and so has an outbox.
func (r Row) Tells() bool { return len(r.facts) > 0 }

// Declaration is the part of a service's row that a configuration needs.
type Declaration struct {
	// Name is the service's name.
	Name string
	// Outside is the name of its external system, empty for a service without one.
	Outside string
	// Secret reports that it needs a secret.
	Secret bool
}

// Declarations returns every service, in the order of an order's journey.
func Declarations() []Declaration {
	all := make([]Declaration, len(All))
	for i, r := range All {
		all[i] = Declaration{Name: r.Name, Outside: r.outsideName, Secret: r.leastSecret > 0}
	}
	return all
}

// Names returns the names of all services.
func Names() []string {
	names := make([]string, len(All))
	for i, row := range All {
		names[i] = row.Name
	}
	return names
}

// Acting returns the names of the services that sagas take steps of.
func Acting() (names []string) {
	for _, row := range All {
		if row.Bind != nil {
			names = append(names, row.Name)
		}
	}
	return names
}

// Words returns the words of all services.
func Words() watch.Words {
	var all []activities.Words
	for _, r := range All {
		all = append(all, r.words)
	}
	return watch.NewWords(all...)
}

// Facts returns the facts of all services.
func Facts() []event.Declaration {
	var all []event.Declaration
	for _, r := range All {
		all = append(all, r.facts...)
	}
	return all
}

// Find returns the row of a service. Its error names all services.
func Find(name string) (Row, error) {
	for _, r := range All {
		if r.Name == name {
			return r, nil
		}
	}
	return Row{}, fmt.Errorf("no service %q: there are %s", name, strings.Join(Names(), ", "))
}

// Check returns nil if there is a service of the name that can run with the secret. Its error
// names all services, or the setting.
func Check(name, secret string) error {
	r, err := Find(name)
	if err == nil && r.leastSecret > len(secret) {
		err = fmt.Errorf("services.%s.secret: must be set, and have at least %d characters", name, r.leastSecret)
	}
	return err
}

// Orders returns the order service on its database.
func (s *Stores) Orders() order.Direct { return orderstore.New(s.Own) }

// Payments returns the payment service on its database, which moves no money.
func (s *Stores) Payments() payment.Direct { return paymentstore.New(s.Own) }

// payments returns the payment service on its databases.
func (s *Stores) payments() payment.Service {
	return paymentoutside.New(paymentstore.New(s.Own), s.disturb.Provider(providersimulator.New(s.outside, providersimulator.Options{})), paymentoutside.Options{})
}

// parcels returns the shipping service on its databases.
func (s *Stores) parcels() shipping.Service {
	return shipping.New(shippingstore.New(s.Own), s.disturb.Carrier(carriersimulator.New(s.outside, carriersimulator.Options{})), shipping.Options{})
}

// Users returns the user service on its database, which is prepared.
func (s *Stores) Users() *userstore.Store {
	if conn, ok := s.asked["order"]; ok {
		return s.UsersBeside(orderrpc.NewClient(conn))
	}
	return s.UsersBeside(nil)
}

// UsersBeside is Users with the order service that it asks, or nil.
func (s *Stores) UsersBeside(orders order.Direct) *userstore.Store {
	o := userstore.Options{Secret: s.secret}
	if orders != nil {
		o.Orders = erasing.Orders{Direct: orders}
	}
	users, err := userstore.New(s.Own, o)
	if err != nil {
		panic(err) // of the secret, which Prepare has checked
	}
	return users
}
