package inbox

import (
	"context"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/traced"
	"github.com/amends/amends/saga/barrier/txn"
)

// item is a message of a batch.
type item struct {
	m      event.Message
	e      event.Event
	urgent bool
	bad    error // why m is no event; nil if it is one
}

// read decodes a message.
func (g *Group) read(m event.Message) item {
	e, err := waiting.Read(m)
	return item{m: m, e: e, urgent: g.facts[e.Type].Urgent, bad: err}
}

// follows reports whether the group is told of the event. Other versions of a fact share
// its topic.
func (g *Group) follows(i item) bool {
	_, ok := g.facts[i.e.Type]
	return ok || i.bad != nil
}

// letter returns a letter that has not been tried.
func (g *Group) letter(i item) waiting.Letter {
	return waiting.New(g.name, i.e, i.m, i.urgent, txn.Now())
}

// failed returns the letter after an attempt that failed.
func (g *Group) failed(ctx context.Context, l waiting.Letter, err error) waiting.Letter {
	l = l.Fail(txn.Now(), err, g.o.Retry)
	g.o.Meter.Failed(g.name, string(l.Kind))
	ctx = traced.Under(ctx, l.Original().Header["ce-traceparent"]) // the line is found by the trace of its saga
	g.o.Logger.WarnContext(ctx, "an event was not handled", "group", g.name, "event", l.ID, "type", l.Type, "key", l.Key,
		"attempt", l.Attempts, "state", l.State, "code", l.Code, "error", err)
	return l
}
