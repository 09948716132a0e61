// Package mortal runs a process of a platform that is for trying out, and kills it again and
// again by SIGKILL, in the middle of whatever it does. The others see of it the same as of any
// process that has crashed: connections that end, and work without an answer.
package mortal

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/amends/amends/internal/dev/child"
)

// Options configure a [Process].
type Options struct {
	// Child is the process.
	Child child.Options
	// Ready returns nil while a process that has started works.
	Ready func(ctx context.Context) error
	// Life is how long a process that works lives at the longest; its end is a random moment
	// of the second half of that. 0: 6 s.
	Life time.Duration
	// Away is the time from a kill to the next start. 0: 5 s.
	Away time.Duration
	// Logger gets failures; it must be set.
	Logger *slog.Logger
}

// startTimeout bounds the wait for a process that has started to work.
const startTimeout = time.Minute

// Process is one that is killed again and again while it is switched on, at first it is not.
// It is safe for concurrent use.
type Process struct {
	o Options

	switching sync.Mutex
	off       context.CancelFunc // nil while it is off
	ended     chan struct{}      // closed when the last process of this time has ended

	mu    sync.Mutex
	kills int
}

// New returns a process that does not run.
func New(o Options) *Process {
	if o.Life == 0 {
		o.Life = 6 * time.Second
	}
	if o.Away == 0 {
		o.Away = 5 * time.Second
	}
	return &Process{o: o}
}

// Begin starts the process, which is killed and started again until [Process.End]. It does not
// wait until the process works; its error is of one that cannot be started. A repeat changes
// nothing.
func (p *Process) Begin() error {
	p.switching.Lock()
	defer p.switching.Unlock()
	if p.off != nil {
		return nil
	}
	first, err := child.Start(p.o.Child)
	if err != nil {
		return err
	}
	var ctx context.Context
	ctx, p.off = context.WithCancel(context.Background())
	p.ended = make(chan struct{})
	go func() {
		defer close(p.ended)
		p.live(ctx, first)
	}()
	return nil
}

// End stops the process, which may finish the work that it has begun, and returns when it has
// ended. A repeat changes nothing.
func (p *Process) End() error {
	p.switching.Lock()
	defer p.switching.Unlock()
	if p.off != nil {
		p.off()
		<-p.ended
		p.off = nil
	}
	return nil
}

// Kills returns how many were killed since [New].
func (p *Process) Kills() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kills
}

// live kills and replaces processes until ctx ends; running is the first one.
func (p *Process) live(ctx context.Context, running *child.Process) {
	for ; ; running = p.next(ctx) {
		if running == nil {
			return
		}
		if err := p.lead(ctx, running); err != nil {
			p.o.Logger.Warn("a process that is to be killed has ended by itself, or cannot be ended", "error", err)
		}
		if pause(ctx, p.o.Away) != nil {
			return
		}
	}
}

// next starts the next process; nil if ctx has ended before one can be started.
func (p *Process) next(ctx context.Context) *child.Process {
	for {
		running, err := child.Start(p.o.Child)
		if err == nil {
			return running
		}
		p.o.Logger.Warn("a process that was killed cannot be started again", "error", err)
		if pause(ctx, p.o.Away) != nil {
			return nil
		}
	}
}

// lead takes a process through its life. When ctx ends first, it may finish its work.
func (p *Process) lead(ctx context.Context, running *child.Process) error {
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err := running.Await(starting, 100*time.Millisecond, p.o.Ready)
	if err == nil {
		err = p.wait(ctx, running)
	}
	switch {
	case ctx.Err() != nil:
		return running.Stop()
	case err != nil:
		return errors.Join(err, running.Stop())
	}
	p.mu.Lock()
	p.kills++
	p.mu.Unlock()
	return running.Kill()
}

// wait waits for the end of a life. Its error is of one that has ended too early.
func (p *Process) wait(ctx context.Context, running *child.Process) error {
	end := time.NewTimer(p.o.Life/2 + rand.N(p.o.Life/2+1))
	defer end.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-running.Done():
		return running.Failure()
	case <-end.C:
		return nil
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
