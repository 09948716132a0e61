package batch

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"
)

// Run is how this process goes through a batch, at one moment.
type Run struct {
	Active bool   // it goes on
	Order  string // the one that it does right now; empty: it is between two orders
	Why    string // it has ended before the batch was over; empty: a person wanted it
}

// run is a goroutine that goes through a batch.
type run struct {
	Run

	ended chan struct{}
}

// most is how many runs are remembered that have ended, for the reason why.
const most = 100

// Runs are those of this process. They are safe for concurrent use.
type Runs struct {
	mu  sync.Mutex
	all map[string]*run
}

// NewRuns returns none.
func NewRuns() *Runs { return &Runs{all: map[string]*run{}} }

// Of returns the last run through a batch, the zero Run if this process has none.
func (r *Runs) Of(id string) Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one := r.all[id]; one != nil {
		return one.Run
	}
	return Run{}
}

// Go goes through a batch in the name of a person, as long as its turn is this one. An earlier
// run of this process ends first, with the order that it has begun, so that no order is done
// twice at the same time.
func (r *Runs) Go(p Person, id string, turn int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.all[id]
	if len(r.all) >= most {
		maps.DeleteFunc(r.all, func(_ string, one *run) bool { return !one.Active })
	}
	one := &run{Run: Run{Active: true}, ended: make(chan struct{})}
	r.all[id] = one
	go func() {
		defer close(one.ended)
		if before != nil {
			<-before.ended
		}
		why := r.through(one, p, id, turn)
		r.mu.Lock()
		defer r.mu.Unlock()
		one.Run = Run{Why: why}
	}()
}

// itemTime bounds the work on one order.
const itemTime = 30 * time.Second

// through takes one order after the other, and returns why it has ended too early.
func (r *Runs) through(one *run, p Person, id string, turn int64) string {
	for {
		on, err := r.step(one, p, id, turn)
		switch {
		case errors.Is(err, ErrEnded):
			return ErrEnded.Error() + ": " + p.Name
		case err != nil:
			return "the list of the batch is out of reach: " + err.Error()
		case !on:
			return ""
		}
	}
}

// step does one order, and reports whether another one may follow. It reads the list first,
// because another process may have gone on with the batch, or stopped it.
func (r *Runs) step(one *run, p Person, id string, turn int64) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), itemTime)
	defer cancel()
	b, err := p.List.Get(ctx, id)
	if err != nil {
		return false, err //nolint:wrapcheck // a problem
	}
	order, waits := b.next()
	if b.Stopped || b.Turn != turn || !waits {
		return false, nil
	}
	r.begin(one, order)
	state, note, err := p.Do(ctx, order)
	if errors.Is(err, ErrEnded) {
		return false, err
	}
	if err != nil {
		state, note = Failed, err.Error()
	}
	// The outcome is kept although the order has used up the time.
	keep, cancelKeep := context.WithTimeout(context.WithoutCancel(ctx), itemTime)
	defer cancelKeep()
	_, err = p.List.Add(keep, id, Note{order, state, note})
	return err == nil, err //nolint:wrapcheck // a problem
}

func (r *Runs) begin(one *run, order string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one.Order = order
}
