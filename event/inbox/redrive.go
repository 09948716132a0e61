package inbox

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/background"
)

// startRedrives starts the redrives that operators have requested.
func (g *Group) startRedrives(ctx context.Context) error {
	all, err := waiting.Running(g.o.DB.WithContext(ctx), g.name)
	if err != nil {
		return err //nolint:wrapcheck // it names the operation
	}
	for _, r := range all {
		if _, running := g.running.LoadOrStore(r.ID, true); running {
			continue
		}
		g.calls.Go(func() {
			defer g.running.Delete(r.ID)
			if err := g.redrive(ctx, r); err != nil && ctx.Err() == nil {
				g.o.Logger.WarnContext(ctx, "a redrive pauses", "group", g.name, "redrive", r.ID, "error", err)
			}
		})
	}
	return nil
}

// redrive handles the items of a redrive one after the other, at its pace, until one
// fails. It goes on where another process has left it.
func (g *Group) redrive(ctx context.Context, r waiting.Redrive) error {
	db := g.o.DB.WithContext(ctx)
	for step := 0; ; step++ {
		began := time.Now()
		for range r.Allowed(step) {
			i, ok, err := waiting.NextItem(db, r.ID)
			if err != nil {
				return err //nolint:wrapcheck // it names the operation
			}
			if !ok {
				return waiting.End(db, r.ID, "done") //nolint:wrapcheck // the same
			}
			if goesOn, err := g.redriveItem(ctx, r, i); err != nil || !goesOn {
				return err
			}
		}
		if !background.Pause(ctx, g.o.Step-time.Since(began)) {
			return ctx.Err() //nolint:wrapcheck // the caller's own
		}
	}
}

// redriveItem hands a parked letter to the handler while it holds its key. A letter that
// is not parked any more, or not the first of its key, is skipped.
func (g *Group) redriveItem(ctx context.Context, r waiting.Redrive, i waiting.Item) (goesOn bool, err error) {
	if err := g.keys.Await(ctx, i.Key); err != nil {
		return false, err //nolint:wrapcheck // that of ctx
	}
	defer g.ring()
	defer g.keys.Free(i.Key)
	db := g.o.DB.WithContext(ctx)
	l, ok, err := waiting.Head(db, r.Group, i.Key)
	if err != nil {
		return false, err //nolint:wrapcheck // it names the operation
	}
	if !ok || l.ID != i.EventID || l.State != waiting.Parked {
		return true, waiting.SettleItem(db, i, "skipped", "") //nolint:wrapcheck // the same
	}
	if err := waiting.Attempted(db, i); err != nil {
		return false, err //nolint:wrapcheck // the same
	}
	result := g.try(ctx, l)
	if ctx.Err() != nil {
		return false, ctx.Err() //nolint:wrapcheck // the next holder of the lease goes on
	}
	word := "handled"
	if result != nil {
		word = "failed"
	}
	err = g.settle(ctx, l, result, func(tx *gorm.DB) error {
		return waiting.SettleItem(tx, i, word, fault.CodeOf(result)) //nolint:wrapcheck // settle says it
	})
	return result == nil, err
}
