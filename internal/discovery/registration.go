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

// Run registers the instances and renews their leases, until ctx ends. It needs no
// registry that is there: it registers, or registers anew, as soon as one answers. It
// returns an error only for an instance that is not legal. It removes nothing: that is
// [Registration.Remove], which must not be called before Run has returned.
func (r *Registration) Run(ctx context.Context) error {
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

// Remove ends the leases, before the process drains. If the registry does not answer,
// they end by themselves; the error says so.
func (r *Registration) Remove(ctx context.Context) error {
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
