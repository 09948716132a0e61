package clinic

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/shipping"
)

// tellers in the order in which their outboxes are read.
var tellers = []string{"order", "catalog", "payment", "inventory", "shipping"}

// React lets the services of choreographed orders hear every fact that is told from now on,
// until none is; a fact that skip, unless it is nil, reports true for is lost.
func (c *Clinic) React(t *testing.T, skip func(group string, e event.Event) bool) {
	t.Helper()
	listeners := []event.Listener{
		reactions.Order(c.Orders), reactions.Catalog(c.Catalog, c.Orders), reactions.Payment(c.payments, c.Orders),
		reactions.Inventory(c.Inventory, c.Orders), reactions.Shipping(shipping.New(c.Shipments, c.Carrier, shipping.Options{}), c.Orders),
	}
	for more := true; more; {
		more = false
		for _, service := range tellers {
			for _, e := range c.outbox(service).Events(t) {
				more = true
				for _, l := range listeners {
					heard := slices.ContainsFunc(l.Facts, func(d event.Declaration) bool { return d.Type() == e.Type })
					if !heard || e.Style == "" || skip != nil && skip(l.Group, e) {
						continue
					}
					err := l.Handle(event.CausedBy(t.Context(), e), e)
					if kind := fault.KindOf(err); kind != fault.Business && kind != fault.Suspension { // which are answers
						require.NoError(t, err, "%s hears %s", l.Group, e.Type)
					}
				}
			}
		}
	}
}

// outbox returns the reader of a service's outbox.
func (c *Clinic) outbox(service string) *told.Reader {
	if c.outboxes[service] == nil {
		c.outboxes[service] = told.New(c.Book(service))
	}
	return c.outboxes[service]
}

// Choreograph places a choreographed order with a payment token. Its services hear of it by
// [Clinic.React] only.
func (c *Clinic) Choreograph(t *testing.T, token string) (id string) {
	t.Helper()
	in := c.Input()
	in.Placement.PaymentToken, in.Placement.Style = token, order.Choreographed
	_, err := c.Orders.Create(t.Context(), key.New(in.OrderID, "order.create"), in.Placement)
	require.NoError(t, err)
	return in.OrderID
}
