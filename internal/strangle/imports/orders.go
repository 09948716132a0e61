package imports

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/strangle/monolith"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/imported"
)

// Records is the part of the order service that takes orders of another program.
type Records interface {
	Import(ctx context.Context, all []imported.Order) (added int64, err error)
	Get(ctx context.Context, id string) (order.Record, error)
}

// Lists is the read model, in which customers find their orders. It hears of orders by facts,
// and an import tells none.
type Lists interface {
	// Show shows orders as their records are. A repeat changes nothing.
	Show(ctx context.Context, all []order.Record) error
}

// Orders imports the orders that the monolith has placed, and shows all of them in lists, those
// of earlier runs, too: one of these may have ended in between. They are decided, so of one
// that is here only the money that the monolith has paid back since changes.
func Orders(ctx context.Context, c *monolith.Client, to Records, in Lists) (Report, error) {
	write := func(ctx context.Context, items []monolith.Placed) (int, error) {
		all := make([]imported.Order, len(items))
		for i, o := range items {
			var err error
			if all[i], err = orderOf(o); err != nil {
				return 0, err
			}
		}
		n, err := to.Import(ctx, all)
		if err != nil {
			return 0, err
		}
		return int(n), show(ctx, to, in, all)
	}
	return each(ctx, c, monolith.Orders, write, func(ctx context.Context, theirs monolith.Placed) (string, error) {
		have, err := to.Get(ctx, theirs.ID)
		if fault.CodeOf(err) == fault.NotFound {
			return theirs.ID + ": it is not here", nil
		}
		if err != nil {
			return "", err
		}
		want, err := orderOf(theirs)
		u := unlike{about: theirs.ID}
		u.field("origin", order.Legacy, have.Origin)
		u.field("customer", want.CustomerID, have.Placement.CustomerID)
		u.field("status", want.Status, have.Status)
		u.field("reason", want.Reason, have.Reason)
		if have.Total != nil {
			u.field("total", want.Total, *have.Total)
		}
		u.field("money paid back", want.Refunded, have.Refunded)
		if !slices.Equal(want.Placement().Lines, have.Placement.Lines) {
			u.field("lines", fmt.Sprint(want.Placement().Lines), fmt.Sprint(have.Placement.Lines))
		}
		return u.found, err
	})
}

func show(ctx context.Context, from Records, in Lists, all []imported.Order) error {
	records := make([]order.Record, len(all))
	for i, o := range all {
		var err error
		if records[i], err = from.Get(ctx, o.ID); err != nil {
			return err
		}
	}
	return in.Show(ctx, records)
}

func orderOf(o monolith.Placed) (imported.Order, error) {
	i := imported.Order{
		ID: o.ID, CustomerID: o.CustomerID, Status: order.Status(o.Status), Reason: order.Reason(o.Reason), Currency: o.Currency, Total: o.Total, Refunded: o.Refunded.Minor,
		CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
	}
	if o.Refunded.Minor != 0 && o.Refunded.Currency != o.Total.Currency {
		return i, fault.Errorf(fault.Business, fault.Invalid, "order %s: it was paid back in another currency", o.ID)
	}
	for _, l := range o.Lines {
		i.Lines = append(i.Lines, order.TakenLine{SKU: l.SKU, Quantity: l.Quantity, UnitPrice: &l.UnitPrice})
	}
	if err := json.Unmarshal(o.ShipTo, &i.ShipTo); err != nil {
		return i, fault.Errorf(fault.Business, fault.Invalid, "order %s: its address cannot be read: %w", o.ID, err)
	}
	return i, nil
}
