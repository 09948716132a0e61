package shoptest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	orderaudit "github.com/amends/amends/services/order/audit"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/transfer"
	"github.com/amends/amends/services/shipping"
)

// Check returns every violation of the platform's promises. Call it when no saga
// is under way: each order is then decided, every effect of a CONFIRMED one
// happened exactly once, and nothing is left of a CANCELLED one except for waived
// effects: each of one step of one order, and only once.
func (s *Shop) Check(ctx context.Context) error {
	c := &check{orders: map[string]order.Record{}}
	for after := ""; ; {
		page, err := s.Orders.List(ctx, order.Filter{After: after, Limit: 500})
		if err != nil {
			return err
		}
		for _, o := range page {
			c.orders[o.ID] = o
			if o.Status == order.Pending {
				c.wrong("I4: order %s is still PENDING", o.ID)
			}
			if o.Status == order.Confirmed && len(o.Waivers) > 0 {
				c.wrong("I8: order %s is CONFIRMED with waivers %v", o.ID, o.Waivers)
			}
			after = o.ID
		}
		if len(page) < 500 {
			break
		}
	}
	pending, err := s.Orders.PendingRefunds(ctx, 1)
	if err != nil {
		return err
	}
	for _, f := range pending {
		c.wrong("I4: refund %s of order %s is still PENDING", f.ID, f.OrderID)
	}
	for _, step := range []func(context.Context, *check) error{
		s.checkHistories, s.checkStock, s.checkMoney, s.checkProvider, s.checkParcels,
	} {
		if err := step(ctx, c); err != nil {
			return err
		}
	}
	return errors.Join(c.problems...)
}

// Waivers returns the waivers by order: the exceptions that [Shop.Check] allows.
func (s *Shop) Waivers(ctx context.Context) (map[string][]ledger.Waiver, error) {
	all := map[string][]ledger.Waiver{}
	for after := ""; ; {
		page, err := s.Orders.List(ctx, order.Filter{After: after, Limit: 500})
		if err != nil {
			return nil, err
		}
		for _, o := range page {
			if after = o.ID; len(o.Waivers) > 0 {
				all[o.ID] = o.Waivers
			}
		}
		if len(page) < 500 {
			return all, nil
		}
	}
}

type check struct {
	orders   map[string]order.Record
	problems []error
}

func (c *check) wrong(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

// waived reports whether an operator has waived the effect of a step, so that it
// may be left.
func (c *check) waived(saga, step string) bool {
	o := c.orders[saga]
	return o.Status == order.Cancelled && slices.ContainsFunc(o.Waivers, func(w ledger.Waiver) bool { return w.Step == step })
}

// waivedKey is waived for a key of an external system, which begins with the saga.
func (c *check) waivedKey(key, step string) bool {
	saga, rest, _ := strings.Cut(key, "/")
	return c.waived(saga, step) && strings.HasPrefix(rest, step)
}

func (c *check) status(saga string) order.Status { return c.orders[saga].Status }

// Undone returns the steps that are undone or blocked, so that they can never
// happen.
func (s *Shop) Undone(ctx context.Context) ([]string, error) {
	var all []string
	for _, book := range []string{"inventory", "payment", "shipping"} {
		var steps []string
		err := s.books[book].WithContext(ctx).
			Raw("SELECT step FROM barrier WHERE state IN ?", []barrier.State{barrier.Undone, barrier.Blocked}).Scan(&steps).Error
		if err != nil {
			return nil, fmt.Errorf("%s: %w", book, err)
		}
		all = append(all, steps...)
	}
	return all, nil
}

// checkHistories checks I7 for orders: PENDING, then one decision, which stays.
// The doctor has the same rule.
func (s *Shop) checkHistories(ctx context.Context, c *check) error {
	for id, o := range c.orders {
		changes, err := s.Orders.History(ctx, id)
		if err != nil {
			return err
		}
		for _, what := range orderaudit.CheckHistory(o, changes) {
			c.wrong("I7: order %s: %s", id, what)
		}
	}
	return nil
}

// checkStock checks I2 and I3 for stock.
func (s *Shop) checkStock(ctx context.Context, c *check) error {
	stock, err := s.Inventory.AllStock(ctx)
	if err != nil {
		return err
	}
	held, sold := map[string]int64{}, map[string]int64{}
	reservations, err := s.Inventory.Reservations(ctx)
	if err != nil {
		return err
	}
	committed := map[string]int{}
	for _, r := range reservations {
		switch r.State {
		case inventory.Held:
			if !c.waived(r.Key.Saga, activities.ReserveStock.Name) {
				c.wrong("I3: order %s (%s) still holds stock", r.Key.Saga, c.status(r.Key.Saga))
			}
			count(held, r.Reservation)
		case inventory.Committed:
			committed[r.Key.Saga]++
			count(sold, r.Reservation)
		case inventory.Released:
		}
	}
	for id, o := range c.orders {
		if want := kept(o.Status); committed[id] != want {
			c.wrong("I3: order %s is %s with %d committed reservations", id, o.Status, committed[id])
		}
	}
	for _, w := range stock {
		place := w.Warehouse + "/" + w.SKU
		if w.Available+w.Reserved+w.Committed != w.Received || min(w.Available, w.Reserved, w.Committed) < 0 {
			c.wrong("I2: %s: %d + %d + %d ≠ %d", place, w.Available, w.Reserved, w.Committed, w.Received)
		}
		if w.Reserved != held[place] || w.Committed != sold[place] {
			c.wrong("I2: %s: %d reserved and %d committed, reservations say %d and %d", place, w.Reserved, w.Committed, held[place], sold[place])
		}
	}
	return nil
}

// kept returns how many of each effect an order of this status keeps.
func kept(s order.Status) int {
	if s == order.Confirmed {
		return 1
	}
	return 0
}

func count(units map[string]int64, r inventory.Reservation) {
	for _, p := range r.Parcels {
		for _, l := range p.Lines {
			units[p.Warehouse+"/"+l.SKU] += l.Quantity
		}
	}
}

// checkMoney checks I1 and I3 for money, in the ledger of the payment service.
func (s *Shop) checkMoney(ctx context.Context, c *check) error {
	ledger, err := s.Payments.Ledger(ctx)
	if err != nil {
		return err
	}
	balances, err := posting.Balances(ledger)
	if err != nil {
		c.wrong("I1: %w", err)
	}
	payments, err := s.Payments.Payments(ctx)
	if err != nil {
		return err
	}
	captured, back := map[string]int{}, map[string]int64{}
	taken, left := map[posting.Balance]int64{}, map[money.Currency]int64{}
	for _, p := range payments {
		o := c.orders[p.Key.Saga]
		switch p.State {
		case payment.Captured, payment.Refunded:
			captured[o.ID]++
			back[o.ID] += p.Refunded
			if p.Refunding != 0 {
				c.wrong("I3: order %s: a refund of %d is left under way", p.Key.Saga, p.Refunding)
			}
			taken[posting.Balance{Account: posting.ProviderReceivable, Currency: p.Amount.Currency}] += p.Captured - p.Refunded
			if o.Total == nil || p.Captured != o.Total.Minor || p.Amount.Currency != o.Total.Currency {
				c.wrong("I1: order %s: captured %d %s, total %v", p.Key.Saga, p.Captured, p.Amount.Currency, o.Total)
			}
		case payment.Authorized, payment.Intent:
			if c.waived(p.Key.Saga, activities.AuthorizePayment.Name) {
				if p.State == payment.Authorized {
					left[p.Amount.Currency] += p.Amount.Minor
				}
				continue
			}
			c.wrong("I3: order %s (%s) has a payment that is %s", p.Key.Saga, o.Status, p.State)
		default:
		}
	}
	for id, o := range c.orders {
		want := kept(o.Status)
		if o.Total != nil && o.Total.IsZero() {
			want = 0
		}
		if captured[id] != want {
			c.wrong("I1: order %s is %s with %d captures", id, o.Status, captured[id])
		}
		if o.Refunded != back[id] {
			c.wrong("I1: order %s: its refunds are %d, %d was paid back", id, o.Refunded, back[id])
		}
	}
	for b, amount := range balances {
		switch b.Account {
		case posting.FundsHeld, posting.FundsHeldContra:
			if max(amount.Minor, -amount.Minor) != left[b.Currency] {
				c.wrong("I1: %s is %s, waivers leave %d held", b.Account, amount, left[b.Currency])
			}
		case posting.ProviderReceivable:
			if amount.Minor != taken[b] {
				c.wrong("I1: %s is %s, captures are %d", b.Account, amount, taken[b])
			}
		case posting.Revenue, posting.Refunds:
		}
	}
	return nil
}

// checkProvider checks I1 and I6 at the provider: its ledger agrees with ours.
func (s *Shop) checkProvider(ctx context.Context, c *check) error {
	book, err := s.Provider.Book(ctx)
	if err != nil {
		return err
	}
	transfers, err := s.Payments.Transfers(ctx)
	if err != nil {
		return err
	}
	ours := map[string]transfer.Transfer{}
	for _, t := range transfers {
		ours[t.Key.String()] = t
	}
	for _, e := range book {
		switch {
		case e.State == provider.Authorized && c.waivedKey(e.Key, activities.AuthorizePayment.Name):
		case e.State == provider.Authorized:
			c.wrong("I6: the provider still holds %s under %s", e.Amount, e.Key)
		case e.Kind == provider.KindCapture && e.State == provider.Captured, e.Kind == provider.KindRefund && e.State == provider.Refunded:
			t, ok := ours[e.Key]
			if !ok || t.State != transfer.Done || t.Amount != e.Amount {
				c.wrong("I1: the provider has a %s of %s under %s, we have %+v", e.Kind, e.Amount, e.Key, t)
			}
			delete(ours, e.Key)
		}
	}
	for k, t := range ours {
		if t.State == transfer.Done {
			c.wrong("I1: we believe in a %s of %s under %s, the provider does not", t.Kind, t.Amount, k)
		}
	}
	return nil
}

// checkParcels checks I3 and I6 for shipments, in our ledger and the carrier's.
func (s *Shop) checkParcels(ctx context.Context, c *check) error {
	shipments, err := s.Shipments.Shipments(ctx)
	if err != nil {
		return err
	}
	entries, err := s.Carrier.Entries(ctx)
	if err != nil {
		return err
	}
	booked, atCarrier := map[string]int{}, map[string]bool{}
	for _, e := range entries {
		atCarrier[e.Key] = e.State == string(shipping.Booked)
	}
	for _, sh := range shipments {
		if c.waived(sh.Saga, activities.BookParcels.Name) {
			delete(atCarrier, sh.Key)
			continue
		}
		if here := sh.State == shipping.Booked; here != atCarrier[sh.Key] {
			c.wrong("I6: %s is %s here, booked at the carrier: %t", sh.Key, sh.State, atCarrier[sh.Key])
		}
		delete(atCarrier, sh.Key)
		if sh.State == shipping.Booked {
			booked[sh.Saga]++
		}
		if sh.State == shipping.Intent {
			c.wrong("I3: %s is left as an intent", sh.Key)
		}
	}
	for k, is := range atCarrier {
		if is {
			c.wrong("I6: the carrier has %s booked, we do not know it", k)
		}
	}
	for id, o := range c.orders {
		if o.Status == order.Cancelled && booked[id] > 0 || o.Status == order.Confirmed && booked[id] == 0 {
			c.wrong("I3: order %s is %s with %d parcels", id, o.Status, booked[id])
		}
	}
	return nil
}
