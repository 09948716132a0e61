// Package batch does one thing to many orders, one after the other, and remembers who wanted
// it and the outcome of each. It can be stopped and resumed. Batches live in this process:
// what was done is kept by the orders themselves.
package batch

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/amends/amends/web/look"
)

// State is that of one item.
type State string

// The states.
const (
	Waiting State = "waiting"
	Running State = "running"
	Done    State = "done"
	Skipped State = "skipped" // it does not need it any more
	Failed  State = "failed"
)

// Item is one order of a batch.
type Item struct {
	Order string
	State State
	Note  string // why it was skipped or has failed, or the effect
}

// Do does it to one order, and returns [Done] or [Skipped] with a note. An error is a failure
// of this order alone.
type Do func(ctx context.Context, order string) (State, string, error)

// Batch is a copy of a batch at one moment.
type Batch struct {
	ID, By, Action, Reason string
	At                     time.Time
	Items                  []Item
	Stopped                bool // by a person; it can be resumed
}

// Count returns how many items are in a state.
func (b Batch) Count(s State) int {
	n := 0
	for _, i := range b.Items {
		if i.State == s {
			n++
		}
	}
	return n
}

// Over reports whether no item is left to do.
func (b Batch) Over() bool { return b.Count(Waiting)+b.Count(Running) == 0 }

// running is a batch that may go on.
type running struct {
	Batch

	do     Do
	active bool // a goroutine works on it
}

// most is how many batches are remembered: the newest.
const most = 100

// Batches are those of this process. They are safe for concurrent use.
type Batches struct {
	now func() time.Time

	mu  sync.Mutex
	all []*running
}

// New returns batches with a clock.
func New(now func() time.Time) *Batches { return &Batches{now: now} }

// Start begins a batch, and returns its id. by, action and reason are for its readers.
func (b *Batches) Start(by, action, reason string, orders []string, do Do) string {
	r := &running{Batch: Batch{ID: look.NewID()[:12], By: by, Action: action, Reason: reason, At: b.now()}, do: do}
	for _, id := range orders {
		r.Items = append(r.Items, Item{Order: id, State: Waiting})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, r)
	b.all = b.all[max(0, len(b.all)-most):]
	b.goOn(r)
	return r.ID
}

// Get returns a batch.
func (b *Batches) Get(id string) (Batch, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.find(id)
	if r == nil {
		return Batch{}, false
	}
	return r.copy(), true
}

// All returns all batches, the newest first.
func (b *Batches) All() []Batch {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Batch
	for _, r := range slices.Backward(b.all) {
		out = append(out, r.copy())
	}
	return out
}

// Stop keeps a batch from beginning another item; Resume lets it go on. A repeat changes
// nothing.
func (b *Batches) Stop(id string) { b.steer(id, true) }

// Resume is the opposite of [Batches.Stop].
func (b *Batches) Resume(id string) { b.steer(id, false) }

func (b *Batches) steer(id string, stop bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.find(id); r != nil {
		r.Stopped = stop
		b.goOn(r)
	}
}

func (b *Batches) find(id string) *running {
	i := slices.IndexFunc(b.all, func(r *running) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return b.all[i]
}

func (r *running) copy() Batch {
	c := r.Batch
	c.Items = slices.Clone(r.Items)
	return c
}

// goOn starts the work on a batch, unless it is under way, stopped or over.
func (b *Batches) goOn(r *running) {
	if r.active || r.Stopped || r.Over() {
		return
	}
	r.active = true
	go b.work(r)
}

// itemTime bounds the work on one item.
const itemTime = 30 * time.Second

func (b *Batches) work(r *running) {
	for {
		i, order, ok := b.next(r)
		if !ok {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), itemTime)
		state, note, err := r.do(ctx, order)
		cancel()
		if err != nil {
			state, note = Failed, err.Error()
		}
		b.mu.Lock()
		r.Items[i].State, r.Items[i].Note = state, note
		b.mu.Unlock()
	}
}

// next takes the next item.
func (b *Batches) next(r *running) (i int, order string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i = slices.IndexFunc(r.Items, func(i Item) bool { return i.State == Waiting })
	if r.Stopped || i < 0 {
		r.active = false
		return 0, "", false
	}
	r.Items[i].State = Running
	return i, r.Items[i].Order, true
}
