package inbox

import (
	"context"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/txn"
)

// turn is how many letters of a key are handled before other keys have a turn.
const turn = 100

// runLetters handles the letters that are due until ctx ends, key by key, several keys
// at a time.
func (g *Group) runLetters(ctx context.Context) error {
	slots := make(chan struct{}, g.o.Lanes)
	var workers sync.WaitGroup
	defer workers.Wait()
	for ctx.Err() == nil {
		due, next, err := waiting.Due(g.o.DB.WithContext(ctx), g.name, txn.Now(), g.keys.All(), g.o.Lanes)
		if err != nil {
			due = nil // the database is away; the lease says so
		}
		for _, key := range due {
			select {
			case <-ctx.Done():
				return nil
			case slots <- struct{}{}:
			}
			if !g.keys.Take(key) {
				<-slots
				continue
			}
			workers.Go(func() {
				ok := g.runKey(ctx, key)
				g.keys.Free(key)
				<-slots
				if ok {
					g.ring()
				}
			})
		}
		if len(due) > 0 && len(slots) < cap(slots) {
			continue
		}
		g.await(ctx, next)
	}
	return nil
}

// await waits until next, when a letter is due, until another one may be, or ctx ends.
func (g *Group) await(ctx context.Context, next time.Time) {
	wait := g.o.Poll
	if !next.IsZero() {
		wait = min(wait, time.Until(next))
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-g.wake:
	case <-t.C:
	}
}

// runKey handles the letters of a key that are due, the first ones of them. It reports
// whether it handled any.
func (g *Group) runKey(ctx context.Context, key string) (handled bool) {
	for range turn {
		l, ok, err := waiting.Head(g.o.DB.WithContext(ctx), g.name, key)
		if err != nil || !ok || l.State != waiting.Waiting || l.NextAt == nil || l.NextAt.After(txn.Now()) {
			return handled
		}
		result := g.try(ctx, l)
		if ctx.Err() != nil {
			return false
		}
		if err := g.settle(ctx, l, result, nil); err != nil {
			g.unsettled(ctx, l, err)
			return false
		}
		handled = true
	}
	return handled
}

// try hands a letter's event to the handler.
func (g *Group) try(ctx context.Context, l waiting.Letter) error {
	i := g.read(l.Original())
	if i.bad != nil {
		return i.bad
	}
	if !g.follows(i) { // a release that does not know the fact any more
		return fault.Errorf(fault.Bug, fault.Invalid, "the group does not follow %s", i.e.Type)
	}
	return g.call.One(ctx, i.e, g.handle)
}

// settle writes the result of an attempt of a letter; also runs in the same transaction,
// unless it is nil. A letter that was settled meanwhile stays as it is.
func (g *Group) settle(ctx context.Context, l waiting.Letter, result error, also func(tx *gorm.DB) error) error {
	before := l.FlaggedAt
	if result == nil {
		l = l.Handle(txn.Now())
	} else {
		l = g.failed(ctx, l, result)
	}
	err := g.lease.Change(ctx, func(tx *gorm.DB) error {
		open, err := waiting.Settle(tx, l)
		if err != nil {
			return err //nolint:wrapcheck // below
		}
		if open {
			if err := g.flag(tx, l, before); err != nil {
				return err
			}
		}
		if also != nil {
			return also(tx)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("settle event %s: %w", l.ID, err)
	}
	return nil
}

// unsettled logs that the result of an attempt was not written: it is made again.
func (g *Group) unsettled(ctx context.Context, l waiting.Letter, err error) {
	g.o.Logger.WarnContext(ctx, "a letter was not settled", "group", g.name, "event", l.ID, "error", err)
}
