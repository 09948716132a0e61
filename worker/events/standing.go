package events

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/worker/registry"
)

const (
	// standEvery is how often the broker is asked how far a listener is behind.
	standEvery = 5 * time.Second
	// lagsAfter is how far it may be behind before a process warns of it.
	lagsAfter = 30 * time.Second
)

// Standing measures how far the listener of one service is behind the broker.
type Standing struct {
	stores *registry.Stores
	bus    event.Bus
	shown  *telemetry.Listeners // nil if nothing is measured
	loop   *background.Loop

	mu     sync.Mutex
	behind int64
	lag    time.Duration
}

// NewStanding returns the standing of a listener whose row records it.
func NewStanding(s *registry.Stores, bus event.Bus, shown *telemetry.Listeners, log *slog.Logger) *Standing {
	st := &Standing{stores: s, bus: bus, shown: shown}
	st.loop = background.NewLoop(background.LoopConfig{Name: "standing of " + s.Row.Name, Every: standEvery, Round: st.Measure, Logger: log})
	return st
}

// Run measures until ctx ends.
func (s *Standing) Run(ctx context.Context) error { return s.loop.Run(ctx) }

// Measure asks the broker, and counts the events that the listener keeps to itself because
// it could not handle them.
func (s *Standing) Measure(ctx context.Context) error {
	name := s.stores.Row.Name
	behind, upTo := int64(-1), time.Time{}
	if gauge, ok := s.bus.(event.Gauge); ok {
		var err error
		if behind, upTo, err = gauge.Behind(ctx, name); err != nil {
			return err //nolint:wrapcheck // it names the operation
		}
		kept, err := waiting.Stand(ctx, s.stores.Own, name)
		if err != nil {
			return err //nolint:wrapcheck // it names the operation
		}
		if behind >= 0 {
			behind += kept.Waiting + kept.Dead
		}
		if !kept.Told.IsZero() && kept.Told.Before(upTo) {
			upTo = kept.Told
		}
	}
	if err := s.stores.Row.Stand(ctx, s.stores, behind, upTo); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behind, s.lag = behind, 0
	if behind > 0 && !upTo.IsZero() {
		s.lag = max(0, time.Since(upTo)) // both are of the broker and this host
	}
	if s.shown != nil {
		s.shown.Behind(name, s.behind, s.lag)
	}
	return nil
}

// Warnings returns what operators should know: that the listener is far behind.
func (s *Standing) Warnings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lag <= lagsAfter {
		return nil
	}
	return []string{fmt.Sprintf("%s is %s behind the other services: %d events are not handled", s.stores.Row.Name, s.lag.Truncate(time.Second), s.behind)}
}
