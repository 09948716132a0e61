package doctor

import (
	"context"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/amends/amends/internal/background"
)

// attemptTime bounds one attempt to set the schedule.
const attemptTime = 10 * time.Second

// Hold tries to [Keep] the schedule until it is set or ctx ends, while the services run
// already: an engine that refuses a schedule must not keep orders from being placed.
func Hold(ctx context.Context, c client.Client, want Schedule, log *slog.Logger) {
	retry := background.Retry{First: time.Second, Most: time.Minute, Report: func(err error) {
		log.Warn("cannot tell that the doctor has its schedule", "error", err)
	}}
	_ = retry.Do(ctx, func(ctx context.Context) error { // reported
		ctx, cancel := context.WithTimeout(ctx, attemptTime)
		defer cancel()
		return Keep(ctx, c, want)
	})
}
