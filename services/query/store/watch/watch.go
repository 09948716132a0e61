// Package watch wakes those who wait for changes of orders.
package watch

import (
	"context"
	"maps"
	"slices"
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
	// page is how many orders one question is about.
	page = 500
)

// Source is the database at which a watch looks.
type Source interface {
	// Changes returns another number after each change of any order.
	Changes(ctx context.Context) (int64, error)
	// Marks returns the mark of each of some orders that there is.
	Marks(ctx context.Context, ids []string) (map[string]Mark, error)
}

// Mark is another one after each change of an order.
type Mark struct{ Generation, Version, Entries int64 }

// Watch wakes those who wait for changes of orders: at once if this process has made
// them, and otherwise after a look at the database, one for all of them.
type Watch struct {
	source Source

	mu     sync.Mutex
	orders map[string]*order
	stop   chan struct{} // ends the looks; nil: there are no watchers
}

// order is one that is watched.
type order struct {
	watchers map[chan struct{}]bool
	mark     Mark // at the last look; the zero Mark: there was none, or no such order
}

func (o *order) ring() {
	for c := range o.watchers {
		background.Ring(c)
	}
}

// New returns a watch of a database.
func New(s Source) *Watch { return &Watch{source: s, orders: map[string]*order{}} }

// On has woken signalled after each change of an order, and perhaps without one, until
// off is called.
func (w *Watch) On(id string) (woken <-chan struct{}, off func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.orders[id]
	if o == nil {
		o = &order{watchers: map[chan struct{}]bool{}}
		w.orders[id] = o
	}
	o.watchers[c] = true
	if w.stop == nil {
		w.stop = make(chan struct{})
		go w.look(w.stop)
	}
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if delete(o.watchers, c); len(o.watchers) == 0 {
			delete(w.orders, id)
		}
		if len(w.orders) == 0 {
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
		if o := w.orders[id]; o != nil {
			o.ring()
		}
	}
}

// look compares the orders that are watched with the database whenever that has changed,
// until stop is closed. The watchers come and go, so a look that has begun is not cut off:
// that would cost its connection.
func (w *Watch) look(stop <-chan struct{}) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	seen := int64(-1)
	for {
		select {
		case <-tick.C:
		case <-stop:
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), lookTime)
		seen = w.compare(ctx, seen)
		cancel()
	}
}

// compare signals the watchers of orders that have another mark than before, if there was a
// change since seen. It returns the change up to which it has looked.
func (w *Watch) compare(ctx context.Context, seen int64) int64 {
	now, err := w.source.Changes(ctx)
	if err != nil || now == seen {
		return seen
	}
	w.mu.Lock()
	ids := slices.Collect(maps.Keys(w.orders))
	w.mu.Unlock()
	for some := range slices.Chunk(ids, page) {
		marks, err := w.source.Marks(ctx, some)
		if err != nil {
			return seen // the next look tries again
		}
		w.mark(marks)
	}
	return now
}

func (w *Watch) mark(marks map[string]Mark) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, m := range marks {
		if o := w.orders[id]; o != nil && o.mark != m {
			o.mark = m
			o.ring()
		}
	}
}
