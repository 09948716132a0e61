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
		due, next := g.due(ctx)
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
				handled := g.runKey(ctx, key)
				g.keys.Free(key)
				<-slots
				if handled {
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

// due returns the keys with a letter that is due, some of them, and when the next one is.
// It waits for a database that fails.
func (g *Group) due(ctx context.Context) (keys []string, next time.Time) {
	_ = g.retry(0, "letters").Do(ctx, func(ctx context.Context) (err error) { // only ctx ends it
		keys, next, err = waiting.Due(g.o.DB.WithContext(ctx), g.name, txn.Now(), g.keys.All(), g.o.Lanes)
		return err //nolint:wrapcheck // it names the operation
	})
	return keys, next
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
// whether it handled any. A database that fails holds the key and its slot: a letter
// whose result was not written is tried again, after a pause.
func (g *Group) runKey(ctx context.Context, key string) (handled bool) {
	_ = g.retry(0, "letters of "+key).Do(ctx, func(ctx context.Context) error { // only ctx ends it
		for range turn {
			l, ok, err := waiting.Head(g.o.DB.WithContext(ctx), g.name, key)
			if err != nil || !ok || l.State != waiting.Waiting || l.NextAt == nil || l.NextAt.After(txn.Now()) {
				return err //nolint:wrapcheck // it names the operation
			}
			result := g.try(ctx, l)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := g.settle(ctx, l, result, nil); err != nil {
				return err
			}
			handled = true
		}
		return nil
	})
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
	return g.call.One(ctx, i.e, l.Attempts+1, g.handle)
}

// settle writes the result of an attempt of a letter; also runs in the same transaction,
// unless it is nil. A letter that was settled meanwhile stays as it is.
func (g *Group) settle(ctx context.Context, before waiting.Letter, result error, also func(tx *gorm.DB) error) error {
	l := before.Handle(txn.Now())
	if result != nil {
		l = g.failed(ctx, before, result)
	}
	err := g.lease.Change(ctx, func(tx *gorm.DB) error {
		open, err := waiting.Settle(tx, l)
		if err == nil && open {
			var known waiting.Letter
			if known, err = g.o.Report.Attempted(tx, before, l); known.State != l.State && err == nil {
				_, err = waiting.Settle(tx, known)
			}
		}
		if err != nil {
			return err //nolint:wrapcheck // below
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
