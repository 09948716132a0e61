package reactions

import (
	"context"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/choreography"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/services/payment"
)

var reserved = []event.Declaration{inventory.ReservedFact.Declaration, inventory.RefusedFact.Declaration}

var (
	reserveTheFree = choreography.Reaction[catalog.QuotedData]{
		Group: "inventory", On: catalog.QuotedFact, Calls: reserve, If: "the order costs nothing", Tells: reserved, Owes: owes(reserve), Abortable: true,
	}
	reserveThePaid = choreography.Reaction[payment.AuthorizedData]{
		Group: "inventory", On: payment.AuthorizedFact, Calls: reserve, Tells: reserved, Owes: owes(reserve), Abortable: true,
	}
	commitTheCaptured = choreography.Reaction[payment.CapturedData]{
		Group: "inventory", On: payment.CapturedFact, Calls: commit, Owes: owes(reserve),
		Tells: []event.Declaration{inventory.CommittedFact.Declaration},
	}
	releaseTheAborted = choreography.Reaction[order.Snapshot]{
		Group: "inventory", On: order.AbortedFact, Calls: "inventory.release", Step: reserve, Owes: owes(reserve),
		Tells: []event.Declaration{inventory.ReleasedFact.Declaration},
	}
)

var inventoryLinks = []choreography.Link{
	reserveTheFree.Link(), reserveThePaid.Link(), commitTheCaptured.Link(), releaseTheAborted.Link(),
}

// Inventory returns the listener of the inventory service.
func Inventory(s inventory.Service, orders course.Parts) event.Listener {
	hold := func(ctx context.Context, id string) error {
		wanted, err := orders.Wanted(ctx, id)
		if err != nil {
			return err //nolint:wrapcheck // a fault
		}
		var req inventory.ReserveRequest
		for _, line := range wanted.Lines {
			req.Lines = append(req.Lines, inventory.Line(line))
		}
		return only(s.Reserve(ctx, stepKey(id, reserve), req))
	}
	l := choreography.Listen("inventory", style)
	choreography.React(l, reserveTheFree, func(ctx context.Context, id string, q catalog.QuotedData) error {
		if !q.Total.IsZero() {
			return nil // its money comes first
		}
		return hold(ctx, id)
	})
	choreography.React(l, reserveThePaid, func(ctx context.Context, id string, _ payment.AuthorizedData) error { return hold(ctx, id) })
	choreography.React(l, commitTheCaptured, func(ctx context.Context, id string, _ payment.CapturedData) error {
		return only(s.Commit(ctx, stepKey(id, commit)))
	})
	choreography.React(l, releaseTheAborted, func(ctx context.Context, id string, _ order.Snapshot) error {
		return s.Release(ctx, stepKey(id, reserve))
	})
	return l.Listener()
}
