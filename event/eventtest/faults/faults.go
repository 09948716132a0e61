// Package faults has a broker for tests that fails on purpose.
package faults

import (
	"context"
	"sync"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

// Whole is a Bus with everything that a relay may use.
type Whole interface {
	event.Bus
	event.Tail
	event.Bell
}

// Bus is a Bus that fails on purpose; without orders it behaves like the Bus in it.
// Its methods may be called while it is used.
type Bus struct {
	Whole

	mu     sync.Mutex
	away   bool
	back   chan struct{} // is closed when the broker is no longer away
	lose   int
	failAt []int
	twice  int
}

// New returns bus with faults.
func New(bus Whole) *Bus {
	back := make(chan struct{})
	close(back)
	return &Bus{Whole: bus, back: back}
}

// Away makes the broker unreachable, or reachable again.
func (f *Bus) Away(away bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case away && !f.away:
		f.back = make(chan struct{})
	case !away && f.away:
		close(f.back)
	}
	f.away = away
}

// LoseAcks has the next n calls of Publish store all and return an error.
func (f *Bus) LoseAcks(n int) { f.set(func() { f.lose = n }) }

// FailAt has the next call of Publish store only the first n messages; several calls
// queue up.
func (f *Bus) FailAt(n int) { f.set(func() { f.failAt = append(f.failAt, n) }) }

// Twice has the next n batches that were handled delivered once more, as after a lost
// acknowledgement.
func (f *Bus) Twice(n int) { f.set(func() { f.twice = n }) }

func (f *Bus) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// take counts n down and reports whether it was above zero.
func (f *Bus) take(n *int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	*n--
	if *n < 0 {
		*n = 0
		return false
	}
	return true
}

// Publish implements [event.Bus].
func (f *Bus) Publish(ctx context.Context, batch []event.Message) ([]uint64, error) {
	if err := f.Ready(ctx); err != nil {
		return nil, err
	}
	if n, ok := f.nextFailure(); ok && n < len(batch) {
		positions, err := f.Whole.Publish(ctx, batch[:n])
		if err == nil {
			err = transient("the broker failed at message %d", n)
		}
		return positions, err
	}
	positions, err := f.Whole.Publish(ctx, batch)
	if f.take(&f.lose) {
		return nil, transient("the acknowledgement was lost")
	}
	return positions, err
}

func (f *Bus) nextFailure() (n int, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.failAt) == 0 {
		return 0, false
	}
	n, f.failAt = f.failAt[0], f.failAt[1:]
	return n, true
}

// Consume implements [event.Bus].
func (f *Bus) Consume(ctx context.Context, group string, topics []string, handle func(context.Context, []event.Message) error) error {
	return f.Whole.Consume(ctx, group, topics, func(ctx context.Context, batch []event.Message) error {
		if f.isAway() {
			select {
			case <-f.whenBack():
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := handle(ctx, batch); err != nil {
			return err
		}
		if f.take(&f.twice) {
			return transient("the acknowledgement was lost")
		}
		return nil
	})
}

// Holds implements [event.Tail].
func (f *Bus) Holds(ctx context.Context, position uint64, id string) (bool, error) {
	if err := f.Ready(ctx); err != nil {
		return false, err
	}
	return f.Whole.Holds(ctx, position, id)
}

// Last implements [event.Tail].
func (f *Bus) Last(ctx context.Context) (uint64, error) {
	if err := f.Ready(ctx); err != nil {
		return 0, err
	}
	return f.Whole.Last(ctx)
}

// Ring implements [event.Bell].
func (f *Bus) Ring(name string) {
	if !f.isAway() {
		f.Whole.Ring(name)
	}
}

// Ready implements [event.Bus].
func (f *Bus) Ready(ctx context.Context) error {
	if f.isAway() {
		return transient("the broker is away")
	}
	return f.Whole.Ready(ctx)
}

func (f *Bus) isAway() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.away
}

func (f *Bus) whenBack() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.back
}

func transient(format string, args ...any) error {
	return fault.Errorf(fault.Transient, fault.Unavailable, format, args...)
}
