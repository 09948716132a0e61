package inbox

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox/busy"
	"github.com/amends/amends/event/inbox/handler"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/internal/background"
)

// Projection is a listener that writes rows of its own database for events.
type Projection struct {
	// Group and Facts are those of an [event.Listener].
	Group string
	Facts []event.Declaration
	// Apply writes the effect of events, in their order, in tx alone. A transaction that
	// fails is rolled back and tried again with fewer events, down to one; the error of
	// one event decides as that of [event.Listener.Handle].
	Apply func(tx *gorm.DB, events []event.Event) error
}

// Group is a listener that runs.
type Group struct {
	o      Options
	name   string
	facts  map[string]event.Declaration
	topics []string
	handle func(ctx context.Context, e event.Event) error
	// apply is that of a projection, nil for a reaction.
	apply func(tx *gorm.DB, events []event.Event) error

	lease   *lease.Lease
	call    handler.Caller
	keys    *busy.Keys
	recent  *busy.Recent
	wake    chan struct{}
	calls   sync.WaitGroup                   // handlers and redrives that outlive their caller
	running sync.Map                         // redrives, by id
	stand   atomic.Pointer[waiting.Standing] // zero if another process handles the group
}

// React returns the group of a reaction.
func React(l event.Listener, o Options) *Group {
	g := newGroup(l, o)
	g.handle = l.Handle
	return g
}

// Project returns the group of a projection.
func Project(p Projection, o Options) *Group {
	g := newGroup(event.Listener{Group: p.Group, Facts: p.Facts}, o)
	g.apply = p.Apply
	g.handle = func(ctx context.Context, e event.Event) error { return g.applyOnce(ctx, []event.Event{e}) }
	return g
}

func newGroup(l event.Listener, o Options) *Group {
	o = o.withDefaults()
	g := &Group{
		o: o, name: l.Group, topics: l.Topics(), facts: map[string]event.Declaration{}, lease: lease.New(o.DB, l.Group, o.Lease),
		keys: busy.NewKeys(), recent: busy.NewRecent(), wake: make(chan struct{}, 1),
	}
	g.stand.Store(&waiting.Standing{})
	g.call = handler.Caller{
		Group: l.Group, Limit: o.Limit, Handled: func(n int) { o.Meter.Handled(l.Group, n) }, Tracer: o.Tracer, Logger: o.Logger,
	}
	for _, d := range l.Facts {
		g.facts[d.Type()] = d
	}
	return g
}

// Name returns the name of the group.
func (g *Group) Name() string { return g.name }

// Run handles the events of the group until ctx ends, whenever this process holds the
// group's lease. It waits for a database or a bus that does not answer. It returns nil
// after the handlers that it has called have returned. A group runs once.
func (g *Group) Run(ctx context.Context) error {
	_ = g.retry(time.Second, "all").Do(ctx, func(ctx context.Context) error { // the end that was asked for
		if err := g.lease.Await(ctx); err != nil {
			return err //nolint:wrapcheck // it names the operation
		}
		return g.lead(ctx)
	})
	return nil
}

// retry returns a retry that logs why a part of the group waits.
func (g *Group) retry(first time.Duration, part string) background.Retry {
	return background.Retry{First: first, Report: func(err error) {
		g.o.Logger.Warn("a listener waits", "group", g.name, "part", part, "error", err)
	}}
}

// lead handles events until ctx ends, the lease is lost, or the bus gives up. It returns
// why it ended.
func (g *Group) lead(ctx context.Context) error {
	leading, end := context.WithCancelCause(ctx)
	var parts sync.WaitGroup
	start := func(part func(context.Context) error) {
		parts.Go(func() { end(part(leading)) })
	}
	start(g.lease.Keep)
	start(g.runLetters)
	start(g.every(g.o.Poll, "redrives", g.startRedrives))
	start(g.every(standEvery, "measurements", g.measure))
	start(g.every(forgetEvery, "deletions", g.forget))
	start(func(ctx context.Context) error {
		return g.o.Bus.Consume(ctx, g.name, g.topics, func(_ context.Context, batch []event.Message) error {
			return g.deliver(ctx, batch) // a handler may outlive its batch
		})
	})
	parts.Wait()
	g.stand.Store(&waiting.Standing{})
	g.calls.Wait()
	if err := g.lease.Free(ctx); err != nil && !errors.Is(err, lease.ErrLost) {
		g.o.Logger.Warn("a lease was not given back", "group", g.name, "error", err)
	}
	return context.Cause(leading) // that of ctx, if it has ended
}

// Warnings returns what operators should know about the group if this process handles
// it: dead letters, and letters that have waited for so long that they are flagged. The
// process can do its work nevertheless.
func (g *Group) Warnings() []string {
	return g.stand.Load().Warnings(g.name, time.Now().Add(-g.o.Retry.FlagAfter))
}

// ring wakes the runner of letters.
func (g *Group) ring() { background.Ring(g.wake) }
