package imports

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/strangle/monolith"
	"github.com/amends/amends/services/inventory"
)

// ErrSplit refuses an import of stock while orders of this platform hold some of it: what one
// side sells, the other would not see.
var ErrSplit = errors.New("orders hold stock here: move the stock before orders are split")

// ErrMoved says that the monolith reserves here already: this stock is the only one.
var ErrMoved = errors.New("the monolith reserves at the inventory service already: there is nothing to import")

// holdFor is how long placements wait at most while the stock moves.
const holdFor = 10 * time.Second

// firstDelivery is the reference of the first stock of a SKU in a warehouse.
const firstDelivery = "monolith-first"

// author books imported stock.
const author = "amends legacy import"

// Stock brings the stock of the monolith's products to the monolith's levels, in every
// warehouse. The monolith may go on selling: the next run follows. With a door, the address at
// which the monolith is to reserve from now on, the stock then moves: placements wait while a
// last run follows, for [holdFor] at most, and go on with the one stock. A run that is killed
// before that leaves the monolith as it was.
func Stock(ctx context.Context, c *monolith.Client, to inventory.Direct, door string) (r Report, err error) {
	at, err := c.StockAt(ctx)
	if err != nil {
		return r, err //nolint:wrapcheck // it says which call
	}
	if at != "" {
		return r, ErrMoved
	}
	r, err = level(ctx, c, to)
	if err != nil || door == "" {
		return r, err
	}
	number, err := c.Hold(ctx, holdFor)
	if err != nil {
		return r, err //nolint:wrapcheck // it says which call
	}
	written := r.Written
	if r, err = level(ctx, c, to); err == nil && len(r.Differ) == 0 {
		err = c.Release(ctx, number, door)
	} else {
		err = errors.Join(err, c.Release(ctx, number, "")) // as before
	}
	r.Written += written
	return r, err
}

// level makes one run. It takes all pages first: a SKU may be on two.
func level(ctx context.Context, c *monolith.Client, to inventory.Direct) (Report, error) {
	r := Report{Kind: monolith.Stocks, Differ: []string{}}
	theirs := map[string]map[string]monolith.Stock{}
	err := monolith.Each(ctx, c, monolith.Stocks, func(items []monolith.Stock) error {
		for _, s := range items {
			if theirs[s.SKU] == nil {
				theirs[s.SKU] = map[string]monolith.Stock{}
			}
			theirs[s.SKU][s.Warehouse] = s
			r.All++
		}
		return nil
	})
	for _, sku := range slices.Sorted(maps.Keys(theirs)) {
		if err != nil {
			return r, err
		}
		var n int
		n, err = bring(ctx, to, sku, theirs[sku])
		r.Written += n
	}
	if err != nil {
		return r, err
	}
	for _, sku := range slices.Sorted(maps.Keys(theirs)) {
		have, err := to.Stock(ctx, sku)
		if err != nil {
			return r, err //nolint:wrapcheck // a fault
		}
		r.Differ = append(r.Differ, uneven(sku, theirs[sku], have)...)
	}
	return r, nil
}

// uneven lists the warehouses whose stock of a SKU differs.
func uneven(sku string, theirs map[string]monolith.Stock, ours []inventory.Stock) (all []string) {
	for at, units := range levels(theirs, ours) {
		if units.theirs != units.ours.Available {
			all = append(all, fmt.Sprintf("%s in %s: %d units are available there, %d here", sku, at, units.theirs, units.ours.Available))
		}
	}
	slices.Sort(all)
	return all
}

// pair is the stock of one warehouse at both sides.
type pair struct {
	theirs int64
	ours   inventory.Stock
	known  bool // a delivery came here
}

func levels(theirs map[string]monolith.Stock, ours []inventory.Stock) map[string]pair {
	all := map[string]pair{}
	for at, s := range theirs {
		all[at] = pair{theirs: s.Available}
	}
	for _, s := range ours {
		all[s.Warehouse] = pair{all[s.Warehouse].theirs, s, true}
	}
	return all
}

// bring brings the stock of one SKU to the levels, and returns how many warehouses changed.
func bring(ctx context.Context, to inventory.Direct, sku string, theirs map[string]monolith.Stock) (n int, err error) {
	ours, err := to.Stock(ctx, sku)
	if err != nil {
		return 0, err //nolint:wrapcheck // a fault
	}
	all := levels(theirs, ours)
	for _, at := range slices.Sorted(maps.Keys(all)) {
		p := all[at]
		units := p.theirs - p.ours.Available
		switch {
		case p.ours.Reserved > 0:
			return n, fmt.Errorf("%s in %s: %w", sku, at, ErrSplit)
		case units == 0:
			continue
		case !p.known:
			// Of two first runs at once one books this. The other one may have seen another level:
			// the comparison tells, and the next run adjusts.
			_, err = to.Receive(ctx, inventory.Delivery{SKU: sku, Warehouse: at, Quantity: units, By: author, Reference: firstDelivery})
			if fault.CodeOf(err) == fault.Mismatch {
				err = nil
			}
		default:
			// Two runs at once see the same sum of deliveries, and book this once.
			_, _, err = to.Adjust(ctx, inventory.Adjustment{
				SKU: sku, Warehouse: at, Units: units, By: author, Reason: "the stock of the monolith",
				Reference: fmt.Sprintf("monolith-%d-%d", theirs[at].Version, p.ours.Received),
			})
		}
		if err != nil {
			return n, fmt.Errorf("%s in %s: %w", sku, at, err)
		}
		n++
	}
	return n, nil
}
