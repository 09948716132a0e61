package sight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/gather"
	apiorders "github.com/amends/amends/api/orders"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/lookup"
	"github.com/amends/amends/internal/recent"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/shipping"
)

// Bounds of an overview.
const (
	mostOrders = 2000             // of undecided ones, and of flagged ones
	named      = 5                // orders that have waited longest
	atOnce     = 8                // questions to services
	keep       = 2 * time.Second  // an overview that was made
	making     = 20 * time.Second // the longest that one may take
	grace      = time.Minute      // before an undecided order is overdue
)

// overview makes the overview, once for all who ask at the same time, and keeps it for a
// moment: many pages show it.
type overview struct {
	config Config
	flight singleflight.Group

	mu   sync.Mutex
	made contract.Overview
}

// get returns the overview. Those who wait for the same one get its failure, too; no one
// waits longer than their request.
func (o *overview) get(ctx context.Context) (contract.Overview, error) {
	if made, ok := o.kept(); ok {
		return made, nil
	}
	// Others wait for it, too, so it outlives the request that asked first.
	result := o.flight.DoChan("", func() (any, error) { return o.anew(context.WithoutCancel(ctx)) })
	select {
	case <-ctx.Done():
		return contract.Overview{}, ctx.Err()
	case r := <-result:
		made, _ := r.Val.(contract.Overview) // as anew returns it
		return made, r.Err
	}
}

func (o *overview) kept() (contract.Overview, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.made, o.config.Now().Sub(o.made.At) < keep
}

// errPanic is the failure of an overview that panicked: its goroutine is no request's, so no
// middleware would recover it.
var errPanic = errors.New("the overview panicked")

// anew makes an overview, unless another one was made just now, and keeps it.
func (o *overview) anew(ctx context.Context) (made contract.Overview, err error) {
	if made, ok := o.kept(); ok {
		return made, nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w with %T", errPanic, r) // its value may hold anything
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, making)
	defer cancel()
	if made, err = o.make(ctx, o.config.Now()); err == nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.made = made
	}
	return made, err
}

func (o *overview) make(ctx context.Context, now time.Time) (contract.Overview, error) {
	undecided, all, err := o.list(ctx, query.OrderFilter{Status: query.Pending})
	if err != nil {
		return contract.Overview{}, err
	}
	flagged, allFlagged, err := o.list(ctx, query.OrderFilter{NeedsAttention: new(true)})
	if err != nil {
		return contract.Overview{}, err
	}
	out := contract.Overview{At: now.UTC(), Complete: all && allFlagged, Undecided: int64(len(undecided))}
	var waiting []query.Found
	for _, f := range flagged {
		if f.Order.NeedsAttention() {
			count(&out.Flagged, oldest(f.Order), now)
			waiting = append(waiting, f)
		}
	}
	out.Longest = longest(waiting)
	for _, f := range undecided {
		if due := f.Order.CreatedAt.Add(o.config.DecideAfter + grace); due.Before(now) && !f.Order.NeedsAttention() {
			count(&out.Overdue, due, now)
		}
	}
	held := map[string]bool{}
	for _, f := range append(undecided, flagged...) {
		held[f.Order.ID] = true
	}
	var missing []string
	out.Holds, missing, err = o.sum(ctx, held)
	for _, part := range missing {
		out.Missing = add(out.Missing, contract.MissingPart{Part: part, Code: string(fault.Unavailable)})
	}
	return out, err
}

func add(to *contract.Missing, part contract.MissingPart) *contract.Missing {
	if to == nil {
		return &contract.Missing{part}
	}
	return new(append(*to, part))
}

// list returns the orders of a filter, and whether these are all.
func (o *overview) list(ctx context.Context, f query.OrderFilter) (found []query.Found, all bool, err error) {
	f.Limit = query.MaxPage
	for len(found) < mostOrders {
		page, err := o.config.Model.Orders(ctx, f)
		if err != nil {
			return nil, false, err //nolint:wrapcheck // a fault
		}
		found = append(found, page.Orders...)
		if page.Next == "" {
			return found, true, nil
		}
		f.Cursor = page.Next
	}
	return found, false, nil
}

// oldest returns since when an order is flagged.
func oldest(o query.Order) time.Time {
	return slices.MinFunc(o.Attention, func(a, b query.Flag) int { return a.Since.Compare(b.Since) }).Since
}

// longest renders those of flagged orders that have waited longest.
func longest(all []query.Found) []contract.WaitingOrder {
	slices.SortStableFunc(all, func(a, b query.Found) int { return oldest(a.Order).Compare(oldest(b.Order)) })
	out := []contract.WaitingOrder{}
	for _, f := range all[:min(named, len(all))] {
		o := lookup.Snapshot(f)
		out = append(out, contract.WaitingOrder{
			Id: o.ID, Status: string(o.Status), Since: oldest(f.Order).UTC(), Attention: apiorders.RenderAttention(o.Attention),
		})
	}
	return out
}

// count adds an order that needs a person since a time.
func count(t *contract.Tally, since, now time.Time) {
	t.Count++
	if t.Trend == nil {
		t.Trend = new([]int64)
	}
	*t.Trend = recent.Add(*t.Trend, since, now)
	if now.Sub(since) <= time.Hour {
		t.LastHour++
	}
	if t.Oldest == nil || since.Before(*t.Oldest) {
		t.Oldest = new(since.UTC())
	}
}

// sums are the totals of the orders' holdings. Amounts are in minor units, by currency.
type sums struct {
	mu            sync.Mutex
	held, taken   map[money.Currency]int64
	units, parcel int64
	missing       map[string]bool
}

// sum asks the services for the holdings of orders. A service that does not answer is named, and
// then the sum lacks it.
func (o *overview) sum(ctx context.Context, all map[string]bool) (contract.Exposure, []string, error) {
	s := &sums{held: map[money.Currency]int64{}, taken: map[money.Currency]int64{}, missing: map[string]bool{}}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for id := range all {
		g.Go(gather.Guard(func() error {
			p, err := o.config.Records.Payment(ctx, id)
			s.payment(p, err)
			parcels, err := o.config.Records.Shipments(ctx, id)
			s.shipments(parcels, err)
			found, err := o.config.Model.Order(ctx, id) // a list has no steps of undecided orders
			s.stock(found.Order, err)
			return ctx.Err()
		}))
	}
	err := g.Wait()
	return contract.Exposure{
		MoneyHeld: amounts(s.held), MoneyTaken: amounts(s.taken), StockHeld: s.units, ParcelsBooked: s.parcel,
	}, slices.Sorted(maps.Keys(s.missing)), err
}

func (s *sums) payment(p payment.Summary, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case fault.CodeOf(err) == fault.NotFound:
	case err != nil:
		s.missing[partPayment] = true
	case p.State == payment.Authorized, p.State == payment.Intent: // of an intent it is not known yet
		s.held[p.Amount.Currency] += p.Amount.Minor
	case p.Captured > p.Refunded:
		s.taken[p.Amount.Currency] += p.Captured - p.Refunded
	}
}

func (s *sums) shipments(all []shipping.Shipment, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && fault.CodeOf(err) != fault.NotFound {
		s.missing[partShipments] = true
	}
	for _, p := range all {
		if p.State == shipping.Booked {
			s.parcel++
		}
	}
}

// reserve is the step that holds stock.
const reserve = "inventory.reserve"

// stock adds the units of an order whose reservation stands: it holds its lines.
func (s *sums) stock(o query.Order, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.missing[partStock] = true
	}
	if !slices.ContainsFunc(o.Steps, func(v query.Step) bool { return v.Name == reserve && v.Exposure != "" }) {
		return
	}
	for _, l := range o.Lines {
		s.units += l.Quantity
	}
}

func amounts(by map[money.Currency]int64) []contract.Money {
	out := []contract.Money{}
	for currency, minor := range by {
		out = append(out, contract.Money{Amount: minor, Currency: string(currency)})
	}
	slices.SortFunc(out, func(a, b contract.Money) int { return cmp.Compare(a.Currency, b.Currency) })
	return out
}
