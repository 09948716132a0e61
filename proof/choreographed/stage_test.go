package choreographed_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping"
)

// services in the order in which their outboxes are read.
var services = []string{"order", "catalog", "payment", "inventory", "shipping"}

// delivery is one event for one group.
type delivery struct {
	group  string
	event  event.Event
	urgent bool
}

// String names the delivery as tests do: "payment hears shipping.booked".
func (d delivery) String() string { return d.group + " hears " + name(d.event.Type) }

// name returns "order.placed" of "amends.order.placed.v1".
func name(eventType string) string {
	parts := strings.Split(eventType, ".")
	return parts[1] + "." + parts[2]
}

// stage is a shop whose orders are choreographed, and the broker.
type stage struct {
	*shoptest.Shop
	t         *testing.T
	listeners []event.Listener
	outboxes  map[string]*told.Reader

	queue     []delivery
	postponed []delivery
	kept      map[string][]delivery // letters, by group: there is one order, so one key
	log       []string              // the facts that were told, in that order
	heard     []delivery            // those that were handled, in that order
	dead      []string              // failures that do not pass

	// before is called before each delivery, and decides about it; nil: it is delivered.
	before func(d delivery) verdict
}

// verdict says what happens to a delivery.
type verdict int

const (
	deliver   verdict = iota
	lose              // it is lost for good
	late              // it comes after all others
	twice             // it is delivered again, as after a death before the acknowledgement
	dieBefore         // the process dies before the effect
)

// shared is a shop that tests reset, which is faster than to open one.
func open(t *testing.T) *stage {
	t.Helper()
	s := &stage{Shop: shoptest.NewForOne(t), t: t}
	require.NoError(t, s.Snapshot(t.Context()))
	pay := payment.New(s.Payments, s.Provider, payment.Options{CallTimeout: shoptest.CallTimeout})
	ship := shipping.New(s.Shipments, s.Carrier, shipping.Options{CallTimeout: shoptest.CallTimeout, MaxCalls: 1})
	s.listeners = []event.Listener{
		reactions.Order(s.Orders), reactions.Catalog(s.Catalog, s.Orders), reactions.Payment(pay, s.Orders),
		reactions.Inventory(s.Inventory, s.Orders), reactions.Shipping(ship, s.Orders),
	}
	s.reset()
	return s
}

// reset begins anew, with an empty broker.
func (s *stage) reset() {
	s.t.Helper()
	require.NoError(s.t, s.Reset(s.t.Context()))
	s.outboxes = map[string]*told.Reader{}
	for _, service := range services {
		s.outboxes[service] = told.New(s.Book(service))
		s.outboxes[service].Events(s.t) // of the seed
	}
	s.queue, s.postponed, s.log, s.heard, s.dead, s.before = nil, nil, nil, nil, nil, nil
	s.kept = map[string][]delivery{}
}

const orderID = "0198b2f0-0000-7000-8000-000000000001"

// place places an order, which must be decided in ten minutes.
func (s *stage) place(change func(p *order.Placement)) {
	s.t.Helper()
	now := database.Now()
	p := order.Placement{
		CustomerID: "cus_1", Currency: "EUR", Style: order.Choreographed, PaymentToken: "tok_visa",
		Lines:       []order.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}},
		ShipTo:      order.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"},
		Fingerprint: "f", Nonce: "n", PlacedAt: now, DecideBy: now.Add(10 * time.Minute),
	}
	if change != nil {
		change(&p)
	}
	_, err := s.Orders.Create(s.t.Context(), key.New(orderID, "order.create"), p)
	require.NoError(s.t, err)
}

// patience is how many rounds of letters may all fail before a run ends.
const patience = 20

// run delivers events until there are none, and letters until none of them succeeds.
func (s *stage) run() {
	s.t.Helper()
	for rounds := 0; rounds < patience; rounds++ {
		for s.publish(); len(s.queue) > 0; s.publish() {
			d := s.queue[0]
			s.queue = s.queue[1:]
			s.deliver(d)
		}
		postponed := s.postponed
		s.postponed = nil
		for _, d := range postponed {
			s.hear(d)
		}
		if s.letters() || len(postponed) > 0 {
			rounds = 0
			continue
		}
		if s.waiting() == 0 {
			return
		}
	}
}

// deliver delivers an event, or fails to, as the test has decided.
func (s *stage) deliver(d delivery) {
	s.t.Helper()
	what := deliver
	if s.before != nil {
		what = s.before(d)
		s.publish() // of what it has done
	}
	switch what {
	case lose:
	case late:
		s.postponed = append(s.postponed, d)
	case twice:
		s.hear(d)
		s.hear(d)
	case dieBefore:
		cut, cancel := context.WithCancel(s.t.Context())
		cancel()
		_ = s.call(cut, d)
		s.hear(d)
	case deliver:
		s.hear(d)
	}
}

// hear handles an event at once if none of its group waits, or if it is urgent.
func (s *stage) hear(d delivery) {
	s.t.Helper()
	if len(s.kept[d.group]) > 0 && !d.urgent {
		s.kept[d.group] = append(s.kept[d.group], d)
		return
	}
	if !s.handle(d) {
		s.kept[d.group] = append(s.kept[d.group], d)
	}
}

// letters tries the first letter of each group, and those behind one that succeeds. It
// reports whether one has.
func (s *stage) letters() (handled bool) {
	s.t.Helper()
	for _, l := range s.listeners {
		for len(s.kept[l.Group]) > 0 && s.handle(s.kept[l.Group][0]) {
			s.kept[l.Group] = s.kept[l.Group][1:]
			handled = true
		}
	}
	return handled
}

// waiting returns how many letters there are.
func (s *stage) waiting() (n int) {
	for _, letters := range s.kept {
		n += len(letters)
	}
	return n
}

// publish puts new facts of all services into the queue of every group that hears them.
func (s *stage) publish() {
	s.t.Helper()
	for _, service := range services {
		for _, e := range s.outboxes[service].Events(s.t) {
			if e.Style == "" {
				continue
			}
			s.log = append(s.log, name(e.Type))
			if e.Type == order.CancelledFact.Type() || e.Type == order.ConfirmedFact.Type() {
				require.NoError(s.t, s.Check(s.t.Context()), "an end that is told is one already")
			}
			for _, l := range s.listeners {
				for _, f := range l.Facts {
					if f.Type() == e.Type {
						s.queue = append(s.queue, delivery{l.Group, e, f.Urgent})
					}
				}
			}
		}
	}
}

// handle hands an event over. It reports false for a failure that may pass; one that does
// not is kept as dead.
func (s *stage) handle(d delivery) bool {
	s.t.Helper()
	s.heard = append(s.heard, d)
	err := s.call(s.t.Context(), d)
	switch fault.KindOf(err) {
	case "", fault.Business, fault.Suspension:
		return true
	case fault.Bug:
		s.dead = append(s.dead, fmt.Sprintf("%s: %v", d, err))
	}
	return false
}

func (s *stage) call(ctx context.Context, d delivery) error {
	i := slices.IndexFunc(s.listeners, func(l event.Listener) bool { return l.Group == d.group })
	return s.listeners[i].Handle(event.CausedBy(ctx, d.event), d.event)
}

// cancel objects to the order as a customer does.
func (s *stage) cancel() {
	_, err := s.Orders.Object(s.t.Context(), orderID, course.Objection{Reason: order.CustomerRequest})
	require.NoError(s.t, err)
}

// tick lets the clock look at the order after a while.
func (s *stage) tick(after time.Duration) {
	s.t.Helper()
	require.NoError(s.t, s.Orders.Remind(s.t.Context(), orderID, database.Now().Add(after)))
}

// ended returns the order, which has ended as every promise demands.
func (s *stage) ended() order.Record {
	s.t.Helper()
	require.Empty(s.t, s.dead)
	require.Zero(s.t, s.waiting())
	require.NoError(s.t, s.Check(s.t.Context()))
	rec, err := s.Orders.Get(s.t.Context(), orderID)
	require.NoError(s.t, err)
	var token string
	require.NoError(s.t, s.Book("order").Raw("SELECT payment_token FROM courses WHERE due_at IS NULL").Scan(&token).Error)
	require.Empty(s.t, token)
	return rec
}
