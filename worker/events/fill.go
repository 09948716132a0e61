package events

import (
	"context"
	"log/slog"
	"time"

	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/worker/registry"
)

// Fill starts to fill the services that keep facts of others, those that are not yet. It
// tries until it succeeds: owners may start later.
func Fill(ctx context.Context, parts *process.Parts, stores []*registry.Stores, log *slog.Logger) {
	for _, s := range stores {
		if s.Row.Fill == nil {
			continue
		}
		retry := background.Retry{First: time.Second, Most: 10 * time.Second, Report: func(err error) {
			log.Warn("a service is not filled yet", "service", s.Row.Name, "error", err)
		}}
		parts.Start(ctx, process.Part{Name: "filling of " + s.Row.Name, Run: func(ctx context.Context) error {
			_ = retry.Do(ctx, func(ctx context.Context) error { return s.Row.Fill(ctx, s, s.Owners(stores)) }) // reported
			<-ctx.Done()
			return nil
		}})
	}
}
