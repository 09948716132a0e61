// Package watch wakes those who wait for changes of orders.
package watch

import (
	"context"
	"sync"
	"time"

	"github.com/amends/amends/internal/background"
)

const (
	// lookEvery is the interval of looks at the database for changes by other processes,
	// while there are watchers.
	lookEvery = 500 * time.Millisecond
	// lookTime bounds one look.
	lookTime = 5 * time.Second
)

// Watch wakes those who wait for changes of orders: at once if this process has made
// them, and otherwise after a look at the database, one for all of them.
type Watch struct {
	mark func(ctx context.Context) (int64, error) // another number after each change

	mu       sync.Mutex
	watchers map[string]map[chan struct{}]bool // by order
	stop     chan struct{}                     // ends the looks; nil: there are no watchers
}

// New returns a watch. mark returns another number after each change in the database.
func New(mark func(ctx context.Context) (int64, error)) *Watch {
	return &Watch{mark: mark, watchers: map[string]map[chan struct{}]bool{}}
}

// On has woken signalled after each change of an order, and perhaps without one, until
// off is called.
func (w *Watch) On(id string) (woken <-chan struct{}, off func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watchers[id] == nil {
		w.watchers[id] = map[chan struct{}]bool{}
	}
	w.watchers[id][c] = true
	if w.stop == nil {
		w.stop = make(chan struct{})
		go w.look(w.stop)
	}
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.watchers[id], c)
		if len(w.watchers[id]) == 0 {
			delete(w.watchers, id)
		}
		if len(w.watchers) == 0 {
			close(w.stop)
			w.stop = nil
		}
	}
}

// Wake signals the watchers of some orders.
func (w *Watch) Wake(ids ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		ring(w.watchers[id])
	}
}

// look signals all watchers whenever the database has changed, until stop is closed. The
// watchers come and go, so a look that has begun is not cut off: that would cost its
// connection. The first one has nothing to compare with.
func (w *Watch) look(stop <-chan struct{}) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	last := int64(-1)
	for {
		select {
		case <-tick.C:
		case <-stop:
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), lookTime)
		mark, err := w.mark(ctx)
		cancel()
		if err == nil && mark != last {
			last = mark
			w.wakeAll()
		}
	}
}

func (w *Watch) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, all := range w.watchers {
		ring(all)
	}
}

func ring(all map[chan struct{}]bool) {
	for c := range all {
		background.Ring(c)
	}
}
