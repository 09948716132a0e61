package store

import (
	"context"
	"sync"
	"time"
)

// lookEvery is the interval of looks at the database for changes by other processes,
// while there are watchers.
const lookEvery = 500 * time.Millisecond

// watch wakes those who wait for changes of orders: at once if this process has made
// them, and otherwise after a look at the database, one for all of them.
type watch struct {
	mark func(ctx context.Context) (int64, error) // another number after each change

	mu       sync.Mutex
	watchers map[string]map[chan struct{}]bool // by order
	stop     context.CancelFunc                // of the looks; nil: there are no watchers
}

func newWatch(mark func(ctx context.Context) (int64, error)) *watch {
	return &watch{mark: mark, watchers: map[string]map[chan struct{}]bool{}}
}

// on has woken signalled after each change of an order, and perhaps without one, until
// off is called.
func (w *watch) on(id string) (woken <-chan struct{}, off func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watchers[id] == nil {
		w.watchers[id] = map[chan struct{}]bool{}
	}
	w.watchers[id][c] = true
	if w.stop == nil {
		ctx, stop := context.WithCancel(context.Background())
		w.stop = stop
		go w.look(ctx)
	}
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.watchers[id], c)
		if len(w.watchers[id]) == 0 {
			delete(w.watchers, id)
		}
		if len(w.watchers) == 0 {
			w.stop()
			w.stop = nil
		}
	}
}

// wake signals the watchers of some orders.
func (w *watch) wake(ids ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		signal(w.watchers[id])
	}
}

// look signals all watchers whenever the database has changed, until ctx ends.
func (w *watch) look(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	last := int64(-1)
	for {
		mark, err := w.mark(ctx)
		if err == nil && mark != last {
			last = mark
			w.wakeAll()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (w *watch) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, all := range w.watchers {
		signal(all)
	}
}

// signal signals channels that are not signalled yet.
func signal(all map[chan struct{}]bool) {
	for c := range all {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// mark returns a number that changes with each change of the answers.
func (s *Store) mark(ctx context.Context) (mark int64, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT coalesce(sum(p.events), 0) + 1000000007 * max(g.generation)
		FROM generations AS g LEFT JOIN progress AS p ON p.generation = g.generation WHERE g.state = 'current'`).Scan(&mark).Error
	return mark, err //nolint:wrapcheck // only whether there is one matters
}
