package doctor

import (
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/saga/audit"
	catalogaudit "github.com/amends/amends/services/catalog/audit"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	orderaudit "github.com/amends/amends/services/order/audit"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	shippingaudit "github.com/amends/amends/services/shipping/audit"
)

// Facts are the facts of all services about one saga; nil: the service has none.
type Facts struct {
	Saga      string
	Order     *orderaudit.Fact
	Catalog   *catalogaudit.Fact
	Inventory *inventoryaudit.Fact
	Payment   *paymentaudit.Fact
	Shipping  *shippingaudit.Fact
	Engine    *activities.SagaFact // nil: not asked, because the order is decided or young
	// Unasked lists the services that did not answer: their facts are unknown, so
	// nothing is judged by them.
	Unasked []string
}

// service is a service that is asked about the sagas of every page.
type service struct {
	name  string
	kinds []audit.Kind // of its findings, beside those of every service
	// ask adds one page of the service's facts about r to all. It returns the cursor
	// for the next page.
	ask func(ctx workflow.Context, d *doctor, r audit.Range, all *facts) (next string, err error)
	// fact returns the service's fact of a saga; without one, a zero fact and false.
	fact func(f *Facts) (fact audit.Fact, known bool)
}

// services is the list of these services, in the order of their findings. The
// order service is not among them: its pages come first and set the key range.
var services = []service{
	of(activities.AuditQuotes, nil, func(f *Facts) **catalogaudit.Fact { return &f.Catalog }),
	of(activities.AuditReserved, inventoryaudit.Kinds, func(f *Facts) **inventoryaudit.Fact { return &f.Inventory }),
	of(activities.AuditPayments, paymentaudit.Kinds, func(f *Facts) **paymentaudit.Fact { return &f.Payment }),
	of(activities.AuditParcels, shippingaudit.Kinds, func(f *Facts) **shippingaudit.Fact { return &f.Shipping }),
}

// of returns the service that answers q, with its facts in a field of [Facts].
func of[F audit.Fact](q activities.Audit[audit.Range, audit.Page[F]], kinds []audit.Kind, field func(*Facts) **F) service {
	return service{
		name:  q.Service,
		kinds: kinds,
		ask: func(ctx workflow.Context, d *doctor, r audit.Range, all *facts) (string, error) {
			page, err := ask(ctx, d, q, r)
			for i := range page.Facts {
				*field(all.at(page.Facts[i].ID())) = &page.Facts[i]
			}
			return page.Next, err
		},
		fact: func(f *Facts) (audit.Fact, bool) {
			if fact := *field(f); fact != nil {
				return *fact, true
			}
			var zero F
			return zero, false
		},
	}
}

// totals is the list of questions about a service as a whole, with the kind of
// finding that each answer is.
var totals = []struct {
	question  activities.Audit[audit.Whole, []string]
	invariant audit.Invariant
	kind      audit.Kind
}{
	{activities.AuditPlaced, NoneLost, orderaudit.PlacedTwice},
	{activities.AuditStock, inventoryaudit.StockAddsUp, inventoryaudit.Stock},
	{activities.AuditLedger, paymentaudit.MoneyAddsUp, paymentaudit.Ledger},
}

// facts collects the facts about a page of sagas.
type facts struct {
	list []*Facts
	of   map[string]*Facts // by saga
}

func newFacts(orders orderaudit.Page) *facts {
	a := &facts{of: map[string]*Facts{}}
	for i := range orders.Facts {
		a.at(orders.Facts[i].ID).Order = &orders.Facts[i]
	}
	return a
}

func (a *facts) at(saga string) *Facts {
	f := a.of[saga]
	if f == nil {
		f = &Facts{Saga: saga}
		a.of[saga], a.list = f, append(a.list, f)
	}
	return f
}
