// Package work starts what services do by themselves.
package work

import (
	"context"
	"log/slog"
	"time"

	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/worker/registry"
)

// Start starts the work of the services that have some, and returns it. drain bounds how long
// each ends what it has begun.
func Start(ctx context.Context, parts *process.Parts, stores []*registry.Stores, drain time.Duration, log *slog.Logger) (all []registry.Work, err error) {
	for _, s := range stores {
		if s.Row.Work == nil {
			continue
		}
		w, err := s.Row.Work(s, log)
		if err != nil {
			return all, err //nolint:wrapcheck // it names the setting
		}
		all = append(all, w)
		parts.Start(ctx, process.Part{Name: "work of " + s.Row.Name, Run: w.Run, Drain: drain})
	}
	return all, nil
}
