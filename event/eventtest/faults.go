package eventtest

import (
	"context"
	"sync"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

// FullBus is a Bus with everything that a Bus may have.
type FullBus interface {
	event.Bus
	event.Tail
	event.Bell
}

// Faults is a Bus that fails on purpose; without orders it behaves like the Bus in it.
// Its methods may be called while it is used.
type Faults struct {
	FullBus

	mu     sync.Mutex
	away   bool
	back   chan struct{} // is closed when the broker is no longer away
	lose   int
	failAt []int
	twice  int
}

// Fail returns bus with faults.
func Fail(bus FullBus) *Faults {
	back := make(chan struct{})
	close(back)
	return &Faults{FullBus: bus, back: back}
}

// Away makes the broker unreachable, or reachable again.
func (f *Faults) Away(away bool) {
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
func (f *Faults) LoseAcks(n int) { f.set(func() { f.lose = n }) }

// FailAt has the next call of Publish store only the first n messages; several calls
// queue up.
func (f *Faults) FailAt(n int) { f.set(func() { f.failAt = append(f.failAt, n) }) }

// Twice has the next n batches that were handled delivered once more, as after a lost
// acknowledgement.
func (f *Faults) Twice(n int) { f.set(func() { f.twice = n }) }

func (f *Faults) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// take counts n down and reports whether it was above zero.
func (f *Faults) take(n *int) bool {
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
func (f *Faults) Publish(ctx context.Context, batch []event.Message) ([]uint64, error) {
	if err := f.Ready(ctx); err != nil {
		return nil, err
	}
	if n, ok := f.nextFailure(); ok && n < len(batch) {
		positions, err := f.FullBus.Publish(ctx, batch[:n])
		if err == nil {
			err = transient("the broker failed at message %d", n)
		}
		return positions, err
	}
	positions, err := f.FullBus.Publish(ctx, batch)
	if f.take(&f.lose) {
		return nil, transient("the acknowledgement was lost")
	}
	return positions, err
}

func (f *Faults) nextFailure() (n int, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.failAt) == 0 {
		return 0, false
	}
	n, f.failAt = f.failAt[0], f.failAt[1:]
	return n, true
}

// Consume implements [event.Bus].
func (f *Faults) Consume(ctx context.Context, group string, topics []string, handle func(context.Context, []event.Message) error) error {
	return f.FullBus.Consume(ctx, group, topics, func(ctx context.Context, batch []event.Message) error {
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
func (f *Faults) Holds(ctx context.Context, position uint64, id string) (bool, error) {
	if err := f.Ready(ctx); err != nil {
		return false, err
	}
	return f.FullBus.Holds(ctx, position, id)
}

// Last implements [event.Tail].
func (f *Faults) Last(ctx context.Context) (uint64, error) {
	if err := f.Ready(ctx); err != nil {
		return 0, err
	}
	return f.FullBus.Last(ctx)
}

// Ring implements [event.Bell].
func (f *Faults) Ring(name string) {
	if !f.isAway() {
		f.FullBus.Ring(name)
	}
}

// Ready implements [event.Bus].
func (f *Faults) Ready(ctx context.Context) error {
	if f.isAway() {
		return transient("the broker is away")
	}
	return f.FullBus.Ready(ctx)
}

func (f *Faults) isAway() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.away
}

func (f *Faults) whenBack() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.back
}

func transient(format string, args ...any) error {
	return fault.Errorf(fault.Transient, fault.Unavailable, format, args...)
}
