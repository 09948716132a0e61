package inbox

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/traced"
)

// maxEvents is how many events a projection handles in one transaction.
const maxEvents = 200

// project hands the events of a projection over in their order.
func (g *Group) project(ctx context.Context, items []item) error {
	failed := map[string]bool{} // keys
	for len(items) > 0 {
		n := min(len(items), maxEvents)
		if err := g.chunk(ctx, items[:n], failed); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// chunk handles some events in one transaction, or, if that fails, each half of them in
// one. An event that fails alone is kept, and so are later ones of its key.
func (g *Group) chunk(ctx context.Context, items []item, failed map[string]bool) error {
	var kept []waiting.Letter
	var free []item
	var events []event.Event
	for _, i := range items {
		if failed[i.e.Key] {
			kept = append(kept, g.letter(i))
		} else {
			free, events = append(free, i), append(events, i.e)
		}
	}
	if err := g.keep(ctx, kept); err != nil || len(free) == 0 {
		return err
	}
	if len(free) > 1 {
		if g.call.Several(ctx, events, g.applyOnce) == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := g.chunk(ctx, free[:len(free)/2], failed); err != nil {
			return err
		}
		return g.chunk(ctx, free[len(free)/2:], failed)
	}
	err := g.call.One(ctx, events[0], 1, g.handle)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	failed[events[0].Key] = true
	return g.keep(ctx, []waiting.Letter{g.failed(ctx, g.letter(free[0]), err)})
}

// applyOnce applies the events that have not been, in the transaction that records them.
func (g *Group) applyOnce(ctx context.Context, events []event.Event) error {
	fresh := 0
	err := waiting.Once(ctx, g.o.DB, g.name, events, func(tx *gorm.DB, some []event.Event) error { fresh = len(some); return g.apply(tx, some) })
	if err == nil {
		traced.Repeated(ctx, len(events)-fresh)
	}
	return err //nolint:wrapcheck // the projection's own
}
