package discovery

import (
	"context"
	"errors"
	"time"
)

// DefaultLameDuck is the time in which every caller has seen that an instance has left:
// a registry tells in milliseconds, the rest is for a process that is paused or slow.
const DefaultLameDuck = 2 * time.Second

// Serve runs a server with its place in the registry, so that a planned stop fails no
// call. The caller is ready to answer: Serve registers the instances. When ctx ends they
// leave the registry first, so that callers open no new calls. For the lame-duck time,
// usually [DefaultLameDuck], the server answers as before, because callers learn of the
// change at different times. Then the context of serve ends, which drains the server: no
// longer healthy, no new calls, the rest within a bound.
//
// Serve returns the error of serve, or that of an instance that cannot be registered;
// never one because the registry does not answer.
func (r *Registration) Serve(ctx context.Context, lameDuck time.Duration, serve func(context.Context) error) error {
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	served := make(chan error, 1)
	go func() { served <- serve(serving) }()

	registering, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	left := make(chan error, 1)
	go func() { left <- r.Run(registering) }()

	select {
	case <-ctx.Done():
		leave()
		err := <-left
		r.remove(ctx)
		if lameDuck > 0 {
			pause(serving, lameDuck)
		}
		stop()
		return errors.Join(err, <-served)
	case err := <-served:
		leave()
		err = errors.Join(err, <-left)
		r.remove(ctx)
		return err
	case err := <-left:
		stop()
		return errors.Join(err, <-served)
	}
}

func (r *Registration) remove(ctx context.Context) {
	if err := r.Remove(context.WithoutCancel(ctx)); err != nil {
		r.Logger.Warn("instances could not leave the registry; their leases end by themselves", "error", err)
	}
}
