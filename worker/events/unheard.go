package events

import (
	"context"
	"slices"
	"time"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/unheard"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/watch/stuck/symptom"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/worker/registry"
)

// Watch starts the look at the listeners of choreographed orders, in every process that has
// one of them: a listener that has stopped cannot report itself. Without a broker that tells
// how listeners stand there is none.
func (c Config) Watch(ctx context.Context, parts *process.Parts, stores []*registry.Stores) ([]Warner, error) {
	gauge, ok := c.Bus.(event.Gauge)
	listeners := reactions.Listeners()
	if !ok || !slices.ContainsFunc(stores, func(s *registry.Stores) bool {
		return slices.ContainsFunc(listeners, func(l event.Listener) bool { return l.Group == s.Row.Name })
	}) {
		return nil, nil
	}
	o := unheard.Config{Gauge: gauge, Listeners: listeners, Logger: c.Logger}
	if c.Metrics != nil {
		var err error
		if o.Observe, err = c.Metrics.Unheard(); err != nil {
			return nil, err //nolint:wrapcheck // it says which metrics
		}
	}
	w := unheard.New(o)
	parts.Start(ctx, process.Part{Name: "watch of listeners", Run: w.Run})
	return []Warner{w}, nil
}

// Silent returns the question which listeners of choreographed orders are far behind; nil for
// a broker that does not tell how listeners stand.
func Silent(bus event.Bus) func(context.Context) (symptom.Silence, error) {
	gauge, ok := bus.(event.Gauge)
	if !ok {
		return nil
	}
	return func(ctx context.Context) (symptom.Silence, error) {
		all, err := unheard.Stand(ctx, gauge, reactions.Listeners(), time.Now())
		late := symptom.Silence{}
		for _, s := range all {
			if s.Late {
				late[s.Group] = s.Oldest
			}
		}
		return late, err //nolint:wrapcheck // it names the group
	}
}
