package choreographed_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest/explore"
	"github.com/amends/amends/event/eventtest/mortal"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/sagatest/schedule"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/services/payment/outside"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/worker/reporting"
)

// services in the order in which their outboxes are read.
var services = []string{"order", "catalog", "payment", "inventory", "shipping"}

const orderID = "0198b2f0-0000-7000-8000-000000000001"

// subject is a choreographed order with the whole shop.
type subject struct {
	*shoptest.Shop

	change  func(p *order.Placement) // nil: none
	reasons []order.Reason           // that the change allows; none: it is confirmed

	ahead  time.Duration          // of the clock's time
	seeded map[string]told.Reader // which have read what the snapshot has
	read   map[string]*told.Reader
	wrote  map[string]int // how often, when they read
	log    []string       // the facts that were told, in that order
	hops   int            // the most of any event
}

func newSubject(t *testing.T, r *explore.Registry) (*subject, error) {
	t.Helper()
	s := &subject{Shop: shoptest.NewForOneOver(t, func(db *gorm.DB) *gorm.DB { return mortal.Wrap(db, r) }), seeded: map[string]told.Reader{}}
	pay := outside.New(s.Payments, s.FaultyProvider(r), outside.Options{CallTimeout: time.Hour})
	ship := shipping.New(s.Shipments, s.FaultyCarrier(r), shipping.Options{CallTimeout: time.Hour, MaxCalls: 1})
	for _, l := range []event.Listener{
		reactions.Order(s.Orders), reactions.Catalog(s.Catalog, s.Orders), reactions.Payment(pay, s.Orders),
		reactions.Inventory(s.Inventory, s.Orders), reactions.Shipping(ship, s.Orders),
	} {
		r.Listen(l)
	}
	if err := s.Snapshot(t.Context()); err != nil {
		return nil, err
	}
	for _, service := range services {
		reader := told.New(s.Book(service))
		if _, err := reader.Next(t.Context()); err != nil {
			return nil, err
		}
		s.seeded[service] = *reader
	}
	return s, nil
}

func (s *subject) Reset(ctx context.Context) error {
	s.ahead, s.read, s.wrote, s.log, s.hops = 0, map[string]*told.Reader{}, map[string]int{}, nil, 0
	for service, reader := range s.seeded {
		s.read[service] = &reader
	}
	return s.Shop.Reset(ctx)
}

// Begin places an order, which must be decided in half an hour.
func (s *subject) Begin(ctx context.Context) error {
	now := database.Now()
	p := order.Placement{
		CustomerID: "cus_1", Currency: "EUR", Style: order.Choreographed, PaymentToken: "tok_visa",
		Lines:       []order.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}},
		ShipTo:      order.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"},
		Fingerprint: "f", Nonce: "n", PlacedAt: now, DecideBy: now.Add(decideAfter),
	}
	if s.change != nil {
		s.change(&p)
	}
	_, err := s.Orders.Create(ctx, key.New(orderID, "order.create"), p)
	return err
}

// decideAfter is several reminders long.
const decideAfter = 30 * time.Minute

// Told returns the new events of choreographed orders. An end must be one already when it is
// told first.
func (s *subject) Told(ctx context.Context) (all []event.Event, err error) {
	for _, service := range services {
		if s.wrote[service] == s.Written(service) {
			continue
		}
		s.wrote[service] = s.Written(service)
		events, err := s.read[service].Next(ctx)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if e.Style == "" {
				continue
			}
			end := e.Type == order.CancelledFact.Type() || e.Type == order.ConfirmedFact.Type()
			first := !slices.Contains(s.log, name(e.Type))
			all, s.log, s.hops = append(all, e), append(s.log, name(e.Type)), max(s.hops, e.Hops)
			if end && first {
				if err := s.Shop.Check(ctx); err != nil {
					return nil, fmt.Errorf("%s is told, and it is not so: %w", name(e.Type), err)
				}
			}
		}
	}
	return all, nil
}

// name returns "order.placed" of "amends.order.placed.v1".
func name(eventType string) string {
	parts := strings.Split(eventType, ".")
	return parts[1] + "." + parts[2]
}

// Remind lets the longest pause between two reminders pass.
func (s *subject) Remind(ctx context.Context) error { return s.look(ctx, 5*time.Minute+time.Second) }

// Expire lets decide-by pass.
func (s *subject) Expire(ctx context.Context) error { return s.look(ctx, decideAfter+time.Second) }

// look does the work of the order service's clock.
func (s *subject) look(ctx context.Context, after time.Duration) error {
	s.ahead += after
	now := database.Now().Add(s.ahead)
	due, err := s.Orders.Due(ctx, now, "", 10)
	for _, id := range due {
		err = errors.Join(err, s.Orders.Remind(ctx, id, now))
	}
	return err
}

func (s *subject) Cancel(ctx context.Context) error {
	_, err := s.Orders.Object(ctx, orderID, course.Objection{Reason: order.CustomerRequest})
	return err
}

// steps are those that can be refused, by their reactions, with the reasons of their orders.
var steps = map[string]struct {
	step   string
	reason order.Reason
}{
	"catalog:order.placed":         {"catalog.quote", order.UnknownSKU},
	"payment:catalog.quoted":       {"payment.authorize", order.PaymentDeclined},
	"inventory:payment.authorized": {"inventory.reserve", order.OutOfStock},
	"shipping:inventory.reserved":  {"shipping.book", order.Undeliverable},
	"payment:shipping.booked":      {"payment.capture", order.PaymentDeclined},
}

func (s *subject) Refusable() (all []string) {
	for reaction := range steps {
		all = append(all, reaction)
	}
	slices.Sort(all)
	return all
}

func (s *subject) Refuse(ctx context.Context, reaction string) error {
	_, err := s.Shop.Refuse(ctx, orderID, steps[reaction].step)
	return err
}

// Disturb doubles the prices.
func (s *subject) Disturb(ctx context.Context) error {
	return s.Reprice(ctx, func(p *catalog.Product) { p.Price = money.New(2*p.Price.Minor, p.Price.Currency) })
}

func (s *subject) Ended(ctx context.Context) (bool, error) {
	rec, err := s.Orders.Get(ctx, orderID)
	return rec.Status != order.Pending, err
}

// Report tells of an event that a service fails to react to, as its inbox does.
func (s *subject) Report(ctx context.Context, group string, e event.Event, t event.Trouble) (told bool, err error) {
	err = database.InTx(ctx, s.Book(group), func(tx *gorm.DB) (err error) {
		told, err = reporting.Of(group)(tx, e, t)
		return err
	})
	return told, err
}

// Check checks all invariants, lets the doctor judge, and requires that the order has ended
// as its faults allow. It may have waited for an operator only if its money was taken, or if
// a decision of the order service was a dead letter: every other service hears of an abort
// whatever else waits there.
func (s *subject) Check(ctx context.Context, end explore.End) error {
	rec, err := s.Orders.Get(ctx, orderID)
	if err != nil {
		return err
	}
	problems := []error{s.Shop.Check(ctx), s.Judge(ctx, orderID)}
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	parked := slices.ContainsFunc(end.Faults, func(f schedule.Fault) bool { return f.Kind == schedule.Parked })
	// The news that a service goes on is told once: without it the flag waits for an operator.
	unheard := slices.ContainsFunc(end.Faults, func(f schedule.Fault) bool {
		return f.Kind == schedule.Lost && strings.HasSuffix(schedule.Name(f.Call), ".recovered")
	})
	for _, a := range rec.Attention {
		if a.Lasting && !parked || !a.Lasting && !unheard {
			wrong("it needs attention: %+v", a)
		}
	}
	if rec.Reason == order.Internal && !rec.NeedsAttention() {
		wrong("it is aborted for a bug, and not flagged")
	}
	reasons := reasonsOf(end.Faults)
	if len(s.reasons) > 0 {
		reasons = append(s.reasons, reasons[1:]...)
	}
	if !slices.Contains(reasons, rec.Reason) {
		wrong("it is %s %s, its faults allow %q", rec.Status, rec.Reason, reasons)
	}
	ordersOwn := func(reaction string) bool { return strings.HasPrefix(reaction, "order:") }
	if len(end.Helped) > 0 && rec.Status == order.Cancelled && !slices.ContainsFunc(end.Helped, ordersOwn) {
		wrong("it did not end before an operator redrove %s", end.Helped)
	}
	var token string
	if err := s.Book("order").WithContext(ctx).Raw("SELECT payment_token FROM courses WHERE due_at IS NULL").Scan(&token).Error; err != nil || token != "" {
		wrong("its token is kept: %q, %w", token, err)
	}
	if s.hops > 16 {
		wrong("%d events led to one", s.hops)
	}
	return errors.Join(problems...)
}

// reasonsOf returns the reasons that a schedule of faults allows; "" is that of a CONFIRMED
// order.
func reasonsOf(faults explore.Schedule) []order.Reason {
	all := []order.Reason{""}
	lost := 0
	for _, f := range faults {
		switch f.Kind {
		case schedule.Cancel:
			all = append(all, order.CustomerRequest)
		case schedule.Parked:
			all = append(all, order.Deadline, order.Internal)
		case schedule.Deadline, schedule.Away:
			all = append(all, order.Deadline)
		case schedule.Refuse:
			all = append(all, steps[schedule.Name(f.Call)].reason)
		case schedule.Lost, schedule.LateAfterUrgent, schedule.LateAfterEnd:
			lost++
		}
	}
	if lost >= 4 { // each takes a reminder to make up for, or two
		all = append(all, order.Deadline)
	}
	return all
}
