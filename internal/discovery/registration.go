package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Registration keeps a process registered for its services.
type Registration struct {
	// Registry takes the instances.
	Registry Registry
	// Instances has one instance for each service of the process.
	Instances []Instance
	// Load returns the load at a renewal; nil: none is published.
	Load func() Load
	// Logger must be set. It gets a warning when the registry does not answer.
	Logger *slog.Logger
}

const (
	renewals = 3                      // in the time of one lease: two may be lost
	retryPut = 500 * time.Millisecond // until the next attempt while the registry is away
	slowest  = 2 * time.Second        // for one call of a registry whose leases do not end
)

// DefaultLameDuck is the time in which every caller has seen that an instance has left:
// a registry tells in milliseconds, the rest is for a process that is paused or slow.
const DefaultLameDuck = 2 * time.Second

// Keep keeps a process that is ready to answer registered, so that a planned stop fails
// no call. When ctx ends the instances leave the registry, so that callers open no new
// calls. Keep returns after the lame-duck time, usually [DefaultLameDuck], in which the
// process answers as before, because callers learn of the change at different times. Then
// the process drains.
//
// Keep needs no registry that is there: it registers, or registers anew, as soon as one
// answers. It returns an error only for an instance that cannot be registered, at once.
func (r *Registration) Keep(ctx context.Context, lameDuck time.Duration) error {
	if err := r.renew(ctx); err != nil {
		return err
	}
	if err := r.remove(context.WithoutCancel(ctx)); err != nil {
		r.Logger.Warn("instances could not leave the registry; their leases end by themselves", "error", err)
	}
	<-time.After(lameDuck)
	return nil
}

// renew registers the instances and renews their leases, until ctx ends.
func (r *Registration) renew(ctx context.Context) error {
	every := r.Registry.Lease() / renewals
	failing := false
	for {
		err := r.put(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // cut off, so its error means nothing
		}
		if errors.Is(err, ErrIllegal) {
			return err
		}
		if err != nil && !failing {
			r.Logger.Warn("the registry of instances does not answer", "error", err)
		}
		failing = err != nil
		next := every
		if failing {
			next = retryPut
		}
		if !pause(ctx, next) {
			return nil
		}
	}
}

// pause waits d, forever if it is 0. It returns false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	var due <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-due:
		return true
	}
}

// put puts all instances at once: a registry that is away costs one timeout.
func (r *Registration) put(ctx context.Context) error {
	return r.each(ctx, func(ctx context.Context, i Instance) error {
		if r.Load != nil {
			i.Load = r.Load()
		}
		return r.Registry.Put(ctx, i)
	})
}

// remove ends the leases. It must not run at the same time as renew.
func (r *Registration) remove(ctx context.Context) error {
	return r.each(ctx, func(ctx context.Context, i Instance) error {
		return r.Registry.Remove(ctx, i.Service, i.ID)
	})
}

func (r *Registration) each(ctx context.Context, f func(context.Context, Instance) error) error {
	within := slowest
	if lease := r.Registry.Lease(); lease > 0 {
		within = lease / renewals
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	errs := make([]error, len(r.Instances))
	var all sync.WaitGroup
	for n, i := range r.Instances {
		all.Go(func() {
			if err := f(ctx, i); err != nil {
				errs[n] = fmt.Errorf("instance %s of %s: %w", i.ID, i.Service, err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
