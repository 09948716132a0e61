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

// Watch starts the look at [Watched] listeners, if there are any. Without a broker that
// tells how listeners stand there is none.
func (c Config) Watch(ctx context.Context, parts *process.Parts, stores []*registry.Stores) ([]Warner, error) {
	gauge, ok := c.Bus.(event.Gauge)
	listeners := Watched(stores)
	if !ok || len(listeners) == 0 {
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

// Watched returns the listeners that a process with these services watches: its own
// projections; and all listeners of choreographed orders if it has one of them, because one
// that has stopped cannot report itself. That of the read model is not among them: see
// [Standing].
func Watched(stores []*registry.Stores) (all []event.Listener) {
	ordering := reactions.Listeners()
	for _, s := range stores {
		own := slices.ContainsFunc(ordering, func(l event.Listener) bool { return l.Group == s.Row.Name })
		if own && !slices.ContainsFunc(all, func(l event.Listener) bool { return l.Group == s.Row.Name }) {
			all = append(all, ordering...)
		}
		if s.Row.Follows != nil && s.Row.Stand == nil {
			all = append(all, event.Listener{Group: s.Row.Name, Facts: s.Row.Follows})
		}
	}
	return all
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
