package worker

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine"
)

// prepare waits for everything that the services need.
func (g *Group) prepare(ctx context.Context, c *engine.Client) error {
	g.mu.Lock()
	g.client = c
	g.mu.Unlock()
	for _, row := range registry {
		if _, ok := g.o.Services[row.name]; !ok {
			continue
		}
		opened, err := openWhenThere(ctx, row, g.o, g.waiting)
		if err != nil {
			return err
		}
		g.mu.Lock()
		g.stores = append(g.stores, opened)
		g.mu.Unlock()
		if err := await(ctx, g.waiting, func() error { return opened.ready(ctx) }); err != nil {
			return err
		}
	}
	if err := c.Wait(ctx, g.waiting); err != nil {
		return err
	}
	return await(ctx, g.waiting, func() error { return c.Ready(ctx, g.attributes()) })
}

// attributes are those that the group's services need.
func (g *Group) attributes() []engine.Attribute {
	for _, row := range registry {
		if _, ok := g.o.Services[row.name]; ok && row.decides {
			return g.o.Attributes
		}
	}
	return nil
}

// waiting notes what the group waits for.
func (g *Group) waiting(err error) {
	g.set(err)
	g.o.Logger.Warn("waiting", "services", strings.Join(g.names(), " "), "for", err, "cause", cause(err))
}

// openWhenThere opens a service's databases as soon as they answer.
func openWhenThere(ctx context.Context, r row, o Options, report func(error)) (opened *stores, err error) {
	err = await(ctx, report, func() (err error) {
		opened, err = open(ctx, r, o)
		return err
	})
	return opened, err
}

// await calls f until it succeeds, fails in a way that waiting does not heal, or
// ctx ends. It reports why it waits, the first time and whenever that changes.
func await(ctx context.Context, report func(error), f func() error) error {
	pause, said := 50*time.Millisecond, ""
	for {
		err := f()
		if err == nil || fault.KindOf(err) == fault.Bug || ctx.Err() != nil {
			return err
		}
		if err.Error() != said {
			said = err.Error()
			report(err)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
			pause = min(2*pause, time.Second)
		}
	}
}

// cause returns the innermost error: what a driver said.
func cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
