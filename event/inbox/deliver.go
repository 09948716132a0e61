package inbox

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox/waiting"
)

// deliver handles a batch from the bus, or keeps what it does not handle. Its error
// leaves the batch to the bus: the database is away, or the process stops.
func (g *Group) deliver(ctx context.Context, batch []event.Message) error {
	items, blocked, err := g.sift(ctx, batch)
	if err != nil || len(items) == 0 {
		return err
	}
	var kept []waiting.Letter
	free := items[:0]
	for _, i := range items {
		switch {
		case i.bad != nil:
			kept = append(kept, g.failed(ctx, g.letter(i), i.bad))
		case blocked[i.e.Key]:
			kept = append(kept, g.letter(i))
		default:
			free = append(free, i)
		}
	}
	if err := g.keep(ctx, kept); err != nil {
		return err
	}
	if g.apply != nil {
		return g.project(ctx, free)
	}
	return g.spread(ctx, free)
}

// sift returns the events of a batch that the group follows and does not know, and the
// keys whose events must wait.
func (g *Group) sift(ctx context.Context, batch []event.Message) (items []item, blocked map[string]bool, err error) {
	var ids, keys []string
	seen := map[string]bool{}
	for _, m := range batch {
		i := g.read(m)
		if !g.follows(i) || seen[i.e.ID] || g.recent.Has(i.e.ID) {
			continue
		}
		seen[i.e.ID] = true
		items, ids, keys = append(items, i), append(ids, i.e.ID), append(keys, i.e.Key)
	}
	if len(items) == 0 {
		return nil, nil, nil
	}
	known, blocked, err := waiting.Known(g.o.DB.WithContext(ctx), g.name, ids, keys)
	if err != nil {
		return nil, nil, fmt.Errorf("listen: %w", err)
	}
	return slices.DeleteFunc(items, func(i item) bool { return known[i.e.ID] }), blocked, nil
}

// spread handles events of free keys in lanes.
func (g *Group) spread(ctx context.Context, items []item) error {
	lanes := make([][]item, g.o.Lanes)
	for _, i := range items {
		h := fnv.New32a()
		_, _ = h.Write([]byte(i.e.Key))     // it never fails
		n := h.Sum32() % uint32(len(lanes)) //nolint:gosec // a small number
		lanes[n] = append(lanes[n], i)
	}
	errs := make(chan error, len(lanes))
	var all sync.WaitGroup
	for _, lane := range lanes {
		if len(lane) > 0 {
			all.Go(func() { errs <- g.lane(ctx, lane) })
		}
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// lane handles events one after the other.
func (g *Group) lane(ctx context.Context, items []item) error {
	spent := map[string]time.Duration{} // on each key
	timer := time.NewTimer(g.o.Patience)
	defer timer.Stop()
	for len(items) > 0 {
		key, began := items[0].e.Key, time.Now()
		timer.Reset(g.o.Patience - spent[key])
		var err error
		if items, err = g.next(ctx, items, timer.C); err != nil {
			return err
		}
		spent[key] += time.Since(began)
	}
	return nil
}

// next handles the first of items and returns the others. If it fails or lasts until
// late, it is kept together with the other items of its key.
func (g *Group) next(ctx context.Context, items []item, late <-chan time.Time) ([]item, error) {
	i := items[0]
	if !g.keys.Take(i.e.Key) { // a handler that was late in an earlier batch
		return g.keepKey(ctx, items, g.letter(i))
	}
	done := make(chan error, 1)
	g.calls.Go(func() { done <- g.call.One(ctx, i.e, 1, g.handle) })
	select {
	case err := <-done:
		defer g.keys.Free(i.e.Key)
		switch {
		case ctx.Err() != nil:
			return nil, fmt.Errorf("listen: %w", ctx.Err())
		case err != nil:
			return g.keepKey(ctx, items, g.failed(ctx, g.letter(i), err))
		}
		g.recent.Add(i.e.ID)
		return items[1:], nil
	case <-late:
		rest, err := g.keepKey(ctx, items, g.letter(i))
		g.calls.Go(func() { g.settleLate(ctx, i, done, err == nil) })
		return rest, err
	}
}

// settleLate settles the letter of an event whose handler was late, if it is kept. Until
// then its key is busy.
func (g *Group) settleLate(ctx context.Context, i item, done <-chan error, kept bool) {
	defer g.ring()
	defer g.keys.Free(i.e.Key)
	result := <-done
	if !kept || ctx.Err() != nil {
		return // it is delivered again, or tried again
	}
	l, ok, err := waiting.Find(g.o.DB.WithContext(ctx), g.name, i.e.ID)
	if ok && err == nil {
		err = g.settle(ctx, l, result, nil)
	}
	if err != nil {
		g.o.Logger.WarnContext(ctx, "a letter is tried again", "group", g.name, "event", i.e.ID, "error", err)
	}
}

// keepKey keeps l, the letter of the first item, and the other items of its key. It
// returns the rest.
func (g *Group) keepKey(ctx context.Context, items []item, l waiting.Letter) ([]item, error) {
	letters, rest := []waiting.Letter{l}, []item(nil)
	for _, i := range items[1:] {
		if i.e.Key == l.Key {
			letters = append(letters, g.letter(i))
		} else {
			rest = append(rest, i)
		}
	}
	if err := g.keep(ctx, letters); err != nil {
		return items, err
	}
	return rest, nil
}

// keep puts letters into the database.
func (g *Group) keep(ctx context.Context, letters []waiting.Letter) error {
	if len(letters) == 0 {
		return nil
	}
	err := g.lease.Change(ctx, func(tx *gorm.DB) (err error) {
		all := slices.Clone(letters)
		for i, l := range letters {
			if all[i], err = g.o.Report.Attempted(tx, waiting.Letter{}, l); err != nil {
				return err //nolint:wrapcheck // below
			}
		}
		return waiting.Put(tx, all) //nolint:wrapcheck // below
	})
	if err != nil {
		return fmt.Errorf("keep events: %w", err)
	}
	g.ring()
	return nil
}
