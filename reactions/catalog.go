package reactions

import (
	"context"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/choreography"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

var quoteThePlaced = choreography.Reaction[order.Snapshot]{
	Group: "catalog", On: order.PlacedFact, Calls: quote, Abortable: true,
	Tells: []event.Declaration{catalog.QuotedFact.Declaration, catalog.QuoteRefusedFact.Declaration},
}

var catalogLinks = []choreography.Link{quoteThePlaced.Link()}

// Catalog returns the listener of the catalog service.
func Catalog(s catalog.Service, orders course.Parts) event.Listener {
	l := choreography.Listen("catalog", style)
	choreography.React(l, quoteThePlaced, func(ctx context.Context, id string, _ order.Snapshot) error {
		wanted, err := orders.Wanted(ctx, id)
		if err != nil {
			return err //nolint:wrapcheck // a fault
		}
		req := catalog.QuoteRequest{Currency: wanted.Currency}
		for _, line := range wanted.Lines {
			req.Lines = append(req.Lines, catalog.Line(line))
		}
		return only(s.Quote(ctx, stepKey(id, quote), req))
	})
	return l.Listener()
}
