// Package batch goes through batches: it does one thing to many orders, one after the other, in
// the name of a person. The list of a batch, with the outcome of each order, is kept elsewhere,
// see [List]: it outlives the one who goes through it, and another person, or the same one after
// a restart of the process, resumes it.
package batch

import (
	"context"
	"errors"
	"slices"
	"time"
)

// State is that of one item.
type State string

// The states.
const (
	Waiting State = "waiting"
	Running State = "running" // in this process; the list has it as waiting
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

// Batch is a batch at one moment.
type Batch struct {
	ID, By, Action, Reason string // By is the person who started or resumed it last
	At                     time.Time
	Items                  []Item
	Stopped                bool  // by a person
	Turn                   int64 // how often it was stopped or resumed
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

// next returns the first order that waits, and false if none does.
func (b Batch) next() (string, bool) {
	i := slices.IndexFunc(b.Items, func(i Item) bool { return i.State == Waiting })
	if i < 0 {
		return "", false
	}
	return b.Items[i].Order, true
}

// Note is a line that a list gets: the outcome of an order, or for no order that the batch was
// stopped or resumed.
type Note struct {
	Order string
	State State // of the order; or [Stopped], [Resumed]
	Text  string
}

// States of a note about a whole batch.
const (
	Stopped State = "stopped"
	Resumed State = "resumed"
)

// List keeps batches, in the name of one person. Its error is [ErrEnded] if the person may act
// no more.
type List interface {
	// Get returns a batch.
	Get(ctx context.Context, id string) (Batch, error)
	// Add adds a note to a batch, and returns the batch with it.
	Add(ctx context.Context, id string, n Note) (Batch, error)
}

// Do does it to one order, and returns [Done] or [Skipped] with a note. [ErrEnded] leaves the
// order for the one who resumes the batch; any other error is a failure of this order alone.
type Do func(ctx context.Context, order string) (State, string, error)

// ErrEnded is the error of [Do] and of [List] if the person may act no more.
var ErrEnded = errors.New("the session of the person has ended")

// Person is the one in whose name a batch goes on.
type Person struct {
	Name string
	List List // in their name
	Do   Do   // in their name
}
