package worker

import (
	"context"
	"slices"
	"strings"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/namespace"
	"github.com/amends/amends/worker/await"
	"github.com/amends/amends/worker/registry"
)

// prepare opens the databases and waits for everything that the services need.
func (g *Group) prepare(ctx context.Context, c *engine.Client) error {
	g.mu.Lock()
	g.client = c
	g.mu.Unlock()
	for _, row := range g.rows() {
		o := g.o
		if row.Bind != nil {
			o = o.forSteps(row.Name)
		}
		opened, err := openWhenThere(ctx, row, o, g.waiting)
		if err != nil {
			return err
		}
		g.mu.Lock()
		g.stores = append(g.stores, opened)
		g.mu.Unlock()
		if err := await.Until(ctx, g.waiting, opened.Ready); err != nil {
			return err
		}
	}
	if !g.acts() {
		return nil
	}
	if err := c.Wait(ctx, g.waiting); err != nil {
		return err
	}
	if err := await.Until(ctx, g.waiting, func(ctx context.Context) error { return namespace.Ready(ctx, c, g.attributes()) }); err != nil {
		return err
	}
	return await.Until(ctx, g.waiting, func(ctx context.Context) error { return g.claims().Take(ctx, c) })
}

// acts reports whether sagas take steps of the group's services. Other groups answer while
// the engine does not.
func (g *Group) acts() bool {
	return slices.ContainsFunc(g.rows(), func(r registry.Row) bool { return r.Bind != nil })
}

// attributes returns the search attributes that the group's services need.
func (g *Group) attributes() []namespace.Attribute {
	if g.decides() {
		return g.o.Attributes
	}
	return nil
}

// waiting records the dependency that the group waits for.
func (g *Group) waiting(err error) {
	g.set(err)
	g.o.Logger.Warn("waiting", "services", strings.Join(g.names(), " "), "for", err, "cause", await.Cause(err))
}

// openWhenThere opens a service's databases as soon as they answer.
func openWhenThere(ctx context.Context, r registry.Row, o Options, report func(error)) (opened *registry.Stores, err error) {
	err = await.Until(ctx, report, func(ctx context.Context) (err error) {
		opened, err = open(ctx, r, o)
		return err
	})
	return opened, err
}
