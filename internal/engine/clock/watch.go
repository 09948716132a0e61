package clock

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/engine"
)

const (
	// every is the time between two measurements of a process.
	every = 30 * time.Second
	// tolerated is the skew above which operators are told. It harms no order: the
	// times of logs and metrics are wrong, and so are those of the host's other
	// programs.
	tolerated = 5 * time.Second
)

// Watch measures the skew of a process for as long as it runs.
type Watch struct {
	client *engine.Client
	show   func(ahead time.Duration)
	log    *slog.Logger
	loop   *background.Loop

	mu   sync.Mutex
	skew Skew // the last one
}

// NewWatch returns a watch that shows every measurement, and logs a warning when the
// clocks begin to differ.
func NewWatch(c *engine.Client, show func(ahead time.Duration), log *slog.Logger) *Watch {
	w := &Watch{client: c, show: show, log: log}
	w.loop = background.NewLoop(background.LoopConfig{
		Name: "measure this host's clock", Every: every, Round: w.measure, Logger: log,
	})
	return w
}

// Run measures until ctx ends, the first time as soon as the engine answers, and
// returns nil. It leaves it to the rest of the process to report an engine that it
// cannot use.
func (w *Watch) Run(ctx context.Context) error {
	if w.client.Wait(ctx, nil) != nil {
		<-ctx.Done()
		return nil //nolint:nilerr // the error that ends the process is not ours
	}
	return w.loop.Run(ctx)
}

func (w *Watch) measure(ctx context.Context) error {
	skew, err := Measure(ctx, w.client)
	if err != nil {
		return err
	}
	w.show(skew.Ahead)
	w.mu.Lock()
	before := w.skew
	w.skew = skew
	w.mu.Unlock()
	switch {
	case skew.tolerable() == before.tolerable():
	case skew.tolerable():
		w.log.Info("this host's clock agrees with the engine's again", "ahead", skew.Ahead)
	default:
		w.log.Warn("this host's clock differs from the engine's", "ahead", skew.Ahead, "within", skew.Within)
	}
	return nil
}

// Warnings names a skew for operators, as it was last measured; none if it is small.
func (w *Watch) Warnings() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.skew.tolerable() {
		return nil
	}
	where := "ahead of"
	if w.skew.Ahead < 0 {
		where = "behind"
	}
	return []string{fmt.Sprintf("this host's clock is %s %s the engine's", w.skew.Ahead.Abs().Round(time.Second), where)}
}

// tolerable reports whether the skew may be small: a slow measurement proves nothing.
func (s Skew) tolerable() bool { return s.Ahead.Abs()-s.Within <= tolerated }
