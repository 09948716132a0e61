package judge

import (
	"slices"
	"time"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/saga/audit"
	catalogaudit "github.com/amends/amends/services/catalog/audit"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	notificationaudit "github.com/amends/amends/services/notification/audit"
	orderaudit "github.com/amends/amends/services/order/audit"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	queryaudit "github.com/amends/amends/services/query/audit"
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
	Copy      *queryaudit.Fact        // of the read model
	Mails     *notificationaudit.Fact // to the customer
	Engine    *activities.SagaFact    // nil: not asked, because the order is decided or young
	// Refunds are the sagas of its refunds that have not ended, as far as they are not young.
	Refunds []activities.SagaFact
	// Unasked lists the services that did not answer every question: a fact that is
	// missing proves nothing about them, one that is there counts.
	Unasked []string
	// Told is the time since which customers are told; zero: that is not known.
	Told time.Time
}

// Service is a service that is asked about the sagas of every page.
type Service struct {
	Name  string
	kinds []audit.Kind // of its findings, beside those of every service
	// Follows reports that it takes no steps, and only follows the facts of others: its
	// questions are passed on by the order service's worker.
	Follows bool

	// Undated reports that the service does not record when its rows change, so that it
	// cannot be asked for the sagas in which it has changed something.
	Undated bool

	// Ask adds one page of the service's facts about r to page, by the function ask,
	// which asks one question. It returns the cursor for the next page.
	Ask func(ask Ask, r audit.Range, page *Page) (next string, err error)
	// fact returns the service's fact of a saga; without one, a zero fact and false.
	fact func(f *Facts) (fact audit.Fact, known bool)
}

// Ask asks a service the question of a name, and reads the answer into out.
type Ask func(name, service string, r audit.Range, out any) error

// Services lists the services that are asked about every page, in the order of their
// findings. The order service is not among them: its pages come first and set the
// key range.
var Services = []Service{
	of(activities.AuditQuotes, nil, func(f *Facts) **catalogaudit.Fact { return &f.Catalog }),
	of(activities.AuditReserved, inventoryaudit.Kinds, func(f *Facts) **inventoryaudit.Fact { return &f.Inventory }),
	of(activities.AuditPayments, paymentaudit.Kinds, func(f *Facts) **paymentaudit.Fact { return &f.Payment }),
	of(activities.AuditParcels, shippingaudit.Kinds, func(f *Facts) **shippingaudit.Fact { return &f.Shipping }),
	undated(follower(activities.AuditCopies, queryaudit.Kinds, func(f *Facts) **queryaudit.Fact { return &f.Copy })),
	follower(activities.AuditMails, notificationaudit.Kinds, func(f *Facts) **notificationaudit.Fact { return &f.Mails }),
}

// of returns the service that answers q, with its facts in a field of [Facts].
func of[F audit.Fact](q activities.Audit[audit.Range, audit.Page[F]], kinds []audit.Kind, field func(*Facts) **F) Service {
	return Service{
		Name:  q.Service,
		kinds: kinds,
		Ask: func(ask Ask, r audit.Range, page *Page) (string, error) {
			var answer audit.Page[F]
			err := ask(q.Name, q.Service, r, &answer)
			take(page, answer, field)
			return answer.Next, err
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

// take adds the facts of an answer to page.
func take[F audit.Fact](page *Page, answer audit.Page[F], field func(*Facts) **F) {
	for i := range answer.Facts {
		*field(page.At(answer.Facts[i].ID())) = &answer.Facts[i]
	}
}

// follower is of for a service that only follows the facts of others.
func follower[F audit.Fact](q activities.Audit[audit.Range, audit.Page[F]], kinds []audit.Kind, field func(*Facts) **F) Service {
	s := of(q, kinds, field)
	s.Follows = true
	s.Ask = func(ask Ask, r audit.Range, page *Page) (string, error) {
		var answer *audit.Page[F]
		err := ask(q.Name, passes, r, &answer)
		switch {
		case err != nil:
			return "", err
		case answer == nil:
			page.Absent = append(page.Absent, q.Service)
			return "", nil
		case !answer.Since.IsZero():
			page.Told = answer.Since
		}
		take(page, *answer, field)
		return answer.Next, nil
	}
	return s
}

func undated(s Service) Service {
	s.Undated = true
	return s
}

// Queue returns the service whose worker has the questions to s.
func (s Service) Queue() string {
	if s.Follows {
		return passes
	}
	return s.Name
}

// passes is the service whose worker passes the questions to followers on.
var passes = activities.AuditOrders.Service

// Total is a question about a service as a whole. Each text of an answer is a finding of
// the kind.
type Total struct {
	Question  activities.Audit[audit.Whole, []string]
	Invariant audit.Invariant
	Kind      audit.Kind
	// Long reports that the answer takes as long as there are orders.
	Long bool
}

// Follows reports that the question is one to a follower.
func (t Total) Follows() bool {
	return slices.ContainsFunc(Services, func(s Service) bool { return s.Follows && s.Name == t.Question.Service })
}

// Queue returns the service whose worker has the question.
func (t Total) Queue() string {
	if t.Follows() {
		return passes
	}
	return t.Question.Service
}

// Totals lists these questions.
var Totals = append([]Total{
	{activities.AuditPlaced, NoneLost, orderaudit.PlacedTwice, true},
	{activities.AuditStock, inventoryaudit.StockAddsUp, inventoryaudit.Stock, true},
	{activities.AuditLedger, paymentaudit.MoneyAddsUp, paymentaudit.Ledger, true},
	{activities.AuditGoods, audit.ToldOnce, queryaudit.GoodsDiffer, false},
	{activities.AuditWaiting, audit.ToldOnce, notificationaudit.MailWaiting, false},
	{activities.AuditEvents(activities.AuditOrders.Service), audit.ToldOnce, audit.Undelivered, false},
}, eventsOf(Services)...)

// eventsOf returns the question about the events of each service.
func eventsOf(services []Service) (all []Total) {
	for _, s := range services {
		all = append(all, Total{activities.AuditEvents(s.Name), audit.ToldOnce, audit.Undelivered, false})
	}
	return all
}

// Page collects the facts about a page of sagas.
type Page struct {
	List []*Facts // the orders' first
	// Absent are services that the platform does not have.
	Absent []string
	// Told is [Facts.Told].
	Told time.Time
	of   map[string]*Facts
}

// NewPage returns a page with the facts of the order service.
func NewPage(orders orderaudit.Page) *Page {
	p := &Page{of: map[string]*Facts{}}
	for i := range orders.Facts {
		p.At(orders.Facts[i].ID).Order = &orders.Facts[i]
	}
	return p
}

// At returns the facts of a saga, which it adds to the page if they are missing.
func (p *Page) At(saga string) *Facts {
	f := p.of[saga]
	if f == nil {
		f = &Facts{Saga: saga}
		p.of[saga], p.List = f, append(p.List, f)
	}
	return f
}
