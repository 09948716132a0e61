package orders

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/services/query"
)

// listRecent lists the newest orders of the read model.
func listRecent(cmd *cobra.Command, std cli.Stdio, l listing) error {
	orders := []query.Order{}
	more := false
	err := reach.ReadModel(std, cmd, func(ctx context.Context, q query.Service) (err error) {
		orders, more, err = newest(ctx, q, query.OrderFilter{Status: query.Status(l.status), SKU: l.sku, CustomerID: l.customer}, l.limit)
		return err
	})
	switch {
	case err != nil:
		return err
	case l.json:
		return show.JSON(std.Out, struct {
			Orders []query.Order `json:"orders"`
		}{orders})
	case len(orders) == 0:
		return std.Screen(cmd).Note("there is no such order")
	}
	if err := std.Screen(cmd).Tables(recent(orders)); err != nil || !more {
		return err
	}
	return std.Screen(cmd).Note("there are more: raise --limit")
}

// newest returns orders that a filter selects, the newest first, and whether there are more
// than limit.
func newest(ctx context.Context, q query.Service, f query.OrderFilter, limit int) (orders []query.Order, more bool, err error) {
	orders = []query.Order{}
	for {
		f.Limit = min(query.MaxPage, limit-len(orders))
		page, err := q.Orders(ctx, f)
		if err != nil {
			return nil, false, err
		}
		for _, o := range page.Orders {
			orders = append(orders, o.Order)
		}
		if f.Cursor = page.Next; f.Cursor == "" || len(orders) == limit {
			return orders, f.Cursor != "", nil
		}
	}
}

func recent(orders []query.Order) *show.Table {
	t := show.NewTable(
		show.OrderID("Order"), show.Text("Status"), show.Text("Reason").Dispensable(1), show.Moment("Placed"), show.Number("Total"),
		show.Prose("Needs attention"), show.Text("Customer").Dispensable(2),
	)
	for _, o := range orders {
		total, attention := "", ""
		if o.Total.Currency != "" {
			total = o.Total.String()
		}
		if o.NeedsAttention() {
			attention = o.Attention[0].Step
		}
		t.Row(o.ID, show.State(o.Status), o.Reason, show.Second(o.CreatedAt), total, attention, o.CustomerID)
	}
	return t
}
