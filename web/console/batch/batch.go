// Package batch does one thing to many orders, one after the other, and remembers who wanted
// it and the outcome of each. It can be stopped, and resumed by the same person or another
// one, in whose name it then goes on. Batches live in this process: the orders themselves keep
// what was done.
package batch

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"
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
	By    string // the person in whose name it was done; empty: it was not
}

// Do does it to one order, and returns [Done] or [Skipped] with a note. [ErrEnded] stops the
// batch, and leaves the order for the one who resumes it; any other error is a failure of this
// order alone.
type Do func(ctx context.Context, order string) (State, string, error)

// ErrEnded is the error of [Do] if its person may act no more.
var ErrEnded = errors.New("the session of the person has ended")

// Person is the one in whose name a batch goes on.
type Person struct {
	Name string
	Do   Do // in their name
}

// Batch is a copy of a batch at one moment.
type Batch struct {
	ID, By, Action, Reason string // By is the person who started or resumed it last
	At                     time.Time
	Items                  []Item
	Stopped                bool   // it can be resumed
	Why                    string // it has stopped; empty: a person wanted it
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
	turn   int  // how often it was resumed
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

// Start begins a batch, and returns its id. action and reason are for its readers.
func (b *Batches) Start(p Person, action, reason string, orders []string) string {
	r := &running{Batch: Batch{ID: rand.Text()[:12], By: p.Name, Action: action, Reason: reason, At: b.now()}, do: p.Do}
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

// Stop keeps a batch from beginning another item. A repeat changes nothing.
func (b *Batches) Stop(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.find(id); r != nil {
		r.Stopped = true
	}
}

// Resume lets a stopped batch go on, in the name of a person. It changes nothing of one that
// goes on, which stays the other person's.
func (b *Batches) Resume(id string, p Person) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.find(id); r != nil && r.Stopped {
		r.Stopped, r.Why, r.By, r.do = false, "", p.Name, p.Do
		r.turn++
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
		t, ok := b.next(r)
		if !ok {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), itemTime)
		state, note, err := t.do(ctx, t.order)
		cancel()
		b.settle(r, t, Item{State: state, Note: note}, err)
	}
}

// task is the work on one item.
type task struct {
	item, turn int
	order      string
	do         Do
}

// next takes the next item.
func (b *Batches) next(r *running) (task, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(r.Items, func(i Item) bool { return i.State == Waiting })
	if r.Stopped || i < 0 {
		r.active = false
		return task{}, false
	}
	r.Items[i].State, r.Items[i].By = Running, r.By
	return task{i, r.turn, r.Items[i].Order, r.do}, true
}

// settle keeps the outcome of an item. One whose person may act no more waits, and the batch
// with it, unless another person has resumed that.
func (b *Batches) settle(r *running, t task, got Item, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	item := &r.Items[t.item]
	switch {
	case errors.Is(err, ErrEnded):
		if r.turn == t.turn {
			r.Stopped, r.Why = true, err.Error()+": "+item.By
		}
		item.State, item.By = Waiting, ""
	case err != nil:
		item.State, item.Note = Failed, err.Error()
	default:
		item.State, item.Note = got.State, got.Note
	}
}
