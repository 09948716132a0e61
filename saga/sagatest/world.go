package sagatest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"
)

// world is everything that the rest of a run depends on, right before one of its
// calls or after its end, but for the faults that are still to come.
type world [16]byte

// boundary is a world and the call before which it was.
type boundary struct {
	at    int // index of the call
	world world
}

// worlds are those from which on every future is tried already, or will be.
type worlds struct {
	mu  sync.Mutex
	all map[world]struct{}
}

// claim adds a schedule's worlds up to the first that is claimed by another one,
// and returns the call from which on that one tries every future.
func (w *worlds) claim(past []boundary) (until int) {
	for i, b := range past {
		if w.has(b.world) {
			w.add(past[:i])
			return b.at
		}
	}
	w.add(past)
	return math.MaxInt
}

func (w *worlds) has(one world) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.all[one]
	return ok
}

func (w *worlds) add(all []boundary) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range all {
		w.all[b.world] = struct{}{}
	}
}

// compare notes the world before a call of the flight if all faults of the
// schedule have hit, and ends the run if it is known: how it goes on is known then.
//
//workflowcheck:ignore
func (e *engine) compare(now time.Time, f *flight) {
	if e.print == nil || len(e.hit) < len(e.schedule) || e.history.inDoubt(now) {
		return
	}
	w, err := e.world(context.Background(), now, fmt.Sprintf("%s %d", f.name, f.id), false)
	must(err, "take a fingerprint")
	e.past = append(e.past, boundary{at: len(e.made), world: w})
	if e.known != nil && e.known.has(w) {
		e.cut = true
		panic(errCrash)
	}
}

// world returns the world right before a call. Ended says that no run of the
// workflow is under way.
func (e *engine) world(ctx context.Context, now time.Time, before string, ended bool) (world, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %d %t\n", before, now.UnixNano(), e.hit.at(end) == Again)
	if !ended {
		e.history.write(&b, now)
	}
	for _, n := range slices.Sorted(maps.Keys(e.failing)) {
		if left := e.failing[n]; left > 0 {
			fmt.Fprintf(&b, "failing %s %d\n", n, left)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(e.away)) {
		if until := e.away[n]; now.Before(until) {
			fmt.Fprintf(&b, "away %s %d\n", n, until.UnixNano())
		}
	}
	n := names{since: e.history.names.since, ids: map[string]int{}}
	if !ended {
		maps.Copy(n.ids, e.history.names.ids)
	}
	for _, after := range slices.Sorted(maps.Keys(e.late)) {
		for _, z := range e.late[after] {
			b.WriteString("late " + after + " ")
			n.write(&b, []byte(z.id))
			b.WriteByte('\n')
		}
	}
	text, err := e.print.Fingerprint(ctx)
	if err != nil {
		return world{}, err
	}
	n.write(&b, text)
	sum := sha256.Sum256(b.Bytes())
	return world(sum[:16]), nil
}
