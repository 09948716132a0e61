package chaos

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
)

// verdict is how the orders ended.
type verdict struct {
	outcomes      map[Outcome]int
	choreographed map[Outcome]int // of these
	refunds       map[string]int  // by status
	doubled       []string
	violations    []string // doubled effects too
	past          *past
	events        events
	followers     followers
}

func (v *verdict) wrong(format string, args ...any) {
	v.violations = append(v.violations, fmt.Sprintf(format, args...))
}

// judge checks everything, after every saga has ended.
func (p *platform) judge(ctx context.Context, shop *shoptest.Shop, c *customers, orders []Order) (*verdict, error) {
	v := &verdict{outcomes: map[Outcome]int{}, choreographed: map[Outcome]int{}, refunds: map[string]int{}}
	records, err := allRecords(ctx, shop)
	if err != nil {
		return nil, err
	}
	p.judgeOrders(ctx, v, records, c, orders)
	v.judgeRefunds(records, c, orders)
	if err := shop.Check(ctx); err != nil {
		v.violations = append(v.violations, strings.Split(err.Error(), "\n")...)
	}
	if v.doubled, err = doubled(ctx, shop); err != nil {
		return nil, err
	}
	v.violations = append(v.violations, v.doubled...)
	if err := judgeStock(ctx, v, shop, records); err != nil {
		return nil, err
	}
	if v.past, err = p.histories(ctx, records); err != nil {
		return nil, err
	}
	v.violations = append(v.violations, v.past.wrong...)
	if v.events, err = p.judgeEvents(ctx); err != nil {
		return nil, err
	}
	v.violations = append(v.violations, v.events.wrong...)
	if v.followers, err = p.judgeFollowers(ctx, records); err != nil {
		return nil, err
	}
	v.violations = append(v.violations, v.followers.wrong...)
	found, err := p.doctor(ctx, records)
	if err != nil {
		return nil, err
	}
	v.violations = append(v.violations, found...)
	return v, nil
}

// allRecords returns every order in the order service's database.
func allRecords(ctx context.Context, shop *shoptest.Shop) (all []order.Record, err error) {
	const page = 500
	for after := ""; ; after = all[len(all)-1].ID {
		some, err := shop.Orders.List(ctx, order.Filter{After: after, Limit: page})
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < page {
			return all, nil
		}
	}
}

// judgeOrders compares the answers that customers got with the records.
func (p *platform) judgeOrders(ctx context.Context, v *verdict, records []order.Record, c *customers, orders []Order) {
	v.violations = append(v.violations, c.wrong...)
	byCustomer, byID := map[string][]order.Record{}, map[string]order.Record{}
	for _, r := range records {
		byCustomer[r.Placement.CustomerID] = append(byCustomer[r.Placement.CustomerID], r)
		byID[r.ID] = r
		v.outcomes[Outcome{r.Status, r.Reason}]++
		if r.Style() == order.Choreographed {
			v.choreographed[Outcome{r.Status, r.Reason}]++
		}
	}
	acknowledged := c.journal.byOrder()
	for _, o := range orders {
		for _, a := range acknowledged[o.N] {
			r, ok := byID[a.ID]
			if ok {
				remembers(v, o, a, r)
			} else if a.promised() {
				v.wrong("I5: order %s (%d) was acknowledged, and is lost", a.ID, o.N)
				break
			}
		}
		if !c.done[o.N] {
			v.wrong("I4: order %d could not be placed", o.N)
		}
		mine := byCustomer[o.Body.CustomerId]
		delete(byCustomer, o.Body.CustomerId)
		if len(mine) > 1 {
			v.wrong("I5: order %d is %d orders", o.N, len(mine))
		}
		for _, r := range mine {
			p.judgeOne(ctx, v, o, r, c)
		}
	}
	for customer := range maps.Keys(byCustomer) {
		v.wrong("I5: no customer placed the order of %s", customer)
	}
}

// remembers reports an answer that is not true any more.
func remembers(v *verdict, o Order, a Acknowledgement, r order.Record) {
	decided := a.Is != "" && a.Is != string(order.Pending)
	if decided && a.Is != string(r.Status) {
		v.wrong("I7: order %s (%d) was %s, and is %s", r.ID, o.N, a.Is, r.Status)
	}
	if a.Total != nil && r.Total != nil && *a.Total != r.Total.Minor {
		v.wrong("I9: order %s (%d) cost %d, and costs %d", r.ID, o.N, *a.Total, r.Total.Minor)
	}
}

// judgeOne reports a wrong end of one order.
func (p *platform) judgeOne(ctx context.Context, v *verdict, o Order, r order.Record, c *customers) {
	is := Outcome{r.Status, r.Reason}
	switch {
	case slices.Contains(o.allowed(), is):
	case r.Reason == order.CustomerRequest && c.cancelled[o.N]:
	case r.Reason == order.Deadline && r.UpdatedAt.After(r.Placement.DecideBy):
	default:
		v.wrong("order %s (%d: %s, %s, %v) is %s at %s (decide by %s), it may be %v",
			r.ID, o.N, o.Body.PaymentToken, o.Body.ShipTo.PostalCode, o.lines(), is, r.UpdatedAt, r.Placement.DecideBy, o.allowed())
	}
	if r.Total != nil && !p.prices.ever(r.Total.Minor, o.lines()) {
		v.wrong("I9: order %s (%d: %v) costs %s: it never did", r.ID, o.N, o.lines(), *r.Total)
	}
	answer, err := c.look(ctx, o, r.ID)
	switch {
	case err != nil:
		v.wrong("order %s cannot be read: %v", r.ID, err)
	case answer.JSON200 == nil:
		v.wrong("order %s cannot be read: %s", r.ID, answer.Body)
	case !same(*answer.JSON200, r):
		v.wrong("order %s is for its service %s, for the API %s", r.ID, is, answer.Body)
	}
}

// look reads an order, again while the platform has no time for it.
func (c *customers) look(ctx context.Context, o Order, id string) (answer *client.GetOrderResponse, err error) {
	for try := range 20 {
		answer, err = c.api.GetOrderWithResponse(ctx, id, nil, o.sign, func(_ context.Context, q *http.Request) error {
			q.Header.Set("Amends-Claim", identity.NewGuests(guestSecret).Claim(id)) // its customer may never have got it
			return nil
		})
		if err == nil && answer.StatusCode() != http.StatusServiceUnavailable {
			break
		}
		breathe(ctx, try)
	}
	return answer, err
}

func same(a client.Order, r order.Record) bool {
	var reason string
	if a.Reason != nil {
		reason = *a.Reason
	}
	return a.Status == string(r.Status) && reason == string(r.Reason) && !a.NeedsAttention
}

// judgeStock compares the sold units with the ordered ones, which the invariants
// do not cover.
func judgeStock(ctx context.Context, v *verdict, shop *shoptest.Shop, records []order.Record) error {
	reservations, err := shop.Inventory.Reservations(ctx)
	if err != nil {
		return err
	}
	sold := map[string]map[string]int64{} // order -> SKU -> units
	for _, r := range reservations {
		if r.State != inventory.Committed {
			continue
		}
		units := map[string]int64{}
		for _, parcel := range r.Reservation.Parcels {
			for _, l := range parcel.Lines {
				units[l.SKU] += l.Quantity
			}
		}
		sold[r.Key.Saga] = units
	}
	for _, r := range records {
		if r.Status != order.Confirmed {
			continue
		}
		wanted := map[string]int64{}
		for _, l := range r.Placement.Lines {
			wanted[l.SKU] += l.Quantity
		}
		if !maps.Equal(wanted, sold[r.ID]) {
			v.wrong("I3: order %s wants %v, and got %v", r.ID, wanted, sold[r.ID])
		}
	}
	return nil
}
