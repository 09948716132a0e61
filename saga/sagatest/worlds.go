package sagatest

import (
	"math"
	"sync"

	"github.com/amends/amends/saga/sagatest/stage"
)

// worlds are those from which on every future is tried already, or will be.
type worlds struct {
	mu  sync.Mutex
	all map[stage.World]struct{}
}

// claim adds a schedule's worlds up to the first that another schedule has claimed,
// and returns the call from which on that one tries every future.
func (w *worlds) claim(past []stage.Boundary) (until int) {
	for i, b := range past {
		if w.has(b.World) {
			w.add(past[:i])
			return b.At
		}
	}
	w.add(past)
	return math.MaxInt
}

func (w *worlds) has(one stage.World) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.all[one]
	return ok
}

func (w *worlds) add(all []stage.Boundary) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range all {
		w.all[b.World] = struct{}{}
	}
}
