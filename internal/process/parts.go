package process

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Part is one part of a process.
type Part struct {
	// Name is the part's name in errors.
	Name string
	// Run does the part's work until ctx ends, and returns when its last work has
	// drained. Returning earlier, with or without an error, is a failure of the
	// process. ctx ends when it is the part's turn to stop.
	Run func(ctx context.Context) error
	// Drain bounds how long Stop waits for Run after ending its context. A part
	// that takes longer is abandoned and reported. 0 is no bound: Run limits itself.
	Drain time.Duration
}

// Closer returns a part without work of its own, which only holds a resource.
func Closer(name string, release func() error) Part {
	return Part{Name: name, Run: func(ctx context.Context) error {
		<-ctx.Done()
		return release()
	}}
}

// Parts are the running parts of a process. Its methods are safe for concurrent
// use: independent parts may start at the same time.
type Parts struct {
	fail context.CancelCauseFunc // ends the context of New

	mu      sync.Mutex
	running []*running
	err     error
}

// running is a part that has started.
type running struct {
	Part

	stop  context.CancelFunc
	ended chan struct{}
	err   error // valid after ended is closed
}

// New returns a list without parts, and a context that ends with parent or when a
// part fails; [context.Cause] then returns the failure. The caller calls
// [Parts.Stop].
func New(parent context.Context) (context.Context, *Parts) {
	ctx, fail := context.WithCancelCause(parent)
	return ctx, &Parts{fail: fail}
}

// Start runs a part in a goroutine of its own. The part has the values of ctx, but
// does not end with it.
func (p *Parts) Start(ctx context.Context, part Part) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &running{Part: part, stop: stop, ended: make(chan struct{})}
	p.mu.Lock()
	p.running = append(p.running, r)
	p.mu.Unlock()
	go func() {
		defer close(r.ended)
		if r.err = part.Run(ctx); ctx.Err() == nil {
			p.failed(part.Name, r.err)
			r.err = nil // reported once, by Err
		}
	}()
}

// failed records the first failure and ends the context of [New].
func (p *Parts) failed(name string, err error) {
	if err == nil {
		err = fmt.Errorf("%s ended although the process still runs", name)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
		p.fail(err)
	}
}

// Err returns the failure of the first part that ended before its turn, nil while
// there is none.
func (p *Parts) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Stop stops all parts, the last one first, each when the one started after it has
// ended. It returns the errors of their draining, and the failure of a part that
// ended before its turn while others stopped; not an earlier failure, which
// [Parts.Err] returned before. A repeat does nothing.
func (p *Parts) Stop() error {
	p.mu.Lock()
	all, before := p.running, p.err
	p.running = nil
	p.mu.Unlock()
	var errs []error
	for _, r := range slices.Backward(all) {
		errs = append(errs, r.end())
	}
	if before == nil {
		errs = append(errs, p.Err())
	}
	p.fail(context.Canceled) // releases the context of New
	return errors.Join(errs...)
}

// end stops one part and waits for it.
func (r *running) end() error {
	r.stop()
	var late <-chan time.Time
	if r.Drain > 0 {
		timer := time.NewTimer(r.Drain)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-r.ended:
		return r.err
	case <-late:
		return fmt.Errorf("%s did not stop within %s", r.Name, r.Drain)
	}
}
