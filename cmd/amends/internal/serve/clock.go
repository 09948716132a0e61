package serve

import (
	"context"
	"log/slog"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/clock"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/telemetry"
)

// watchClock measures how far the host's clock is ahead of the engine's for as long as
// the process runs. It returns the warnings for /readyz: a process on a host with a
// wrong clock stays ready, because no order depends on it, and because a wrong clock
// of the engine's host would otherwise stop every process.
func watchClock(ctx context.Context, parts *process.Parts, c *engine.Client, metrics *telemetry.Metrics, log *slog.Logger) (func() []string, error) {
	show, err := metrics.Clock()
	if err != nil {
		return nil, err
	}
	w := clock.NewWatch(c, show, log)
	parts.Start(ctx, process.Part{Name: "clock", Run: w.Run})
	return w.Warnings, nil
}
