package events_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/proof/wait"
)

var (
	eventsFlag = flag.Int("events", 1500, "events at least that are told under faults, by two services")
	faultsFlag = flag.Int("faults", 2, "times that each fault strikes")
	seedFlag   = flag.Uint64("seed", 1, "draws the moments and the victims of the faults")
)

// strike is a fault that strikes at a moment of its own.
type strike struct {
	name string
	hit  func(ctx context.Context, r *rand.Rand, w *world) error
}

// short returns a time of up to 400 ms.
func short(r *rand.Rand) time.Duration { return time.Duration(r.IntN(400)) * time.Millisecond }

// crashOf kills a process of a role.
func crashOf(role string) strike {
	return strike{"kill -9 of a " + role, func(ctx context.Context, r *rand.Rand, w *world) error {
		p, err := w.pick(ctx, r, role)
		if err != nil {
			return err
		}
		return p.crash(ctx, w.busy(r), short(r))
	}}
}

var kills = []strike{
	crashOf("broker"), crashOf("relay"), crashOf("listener"), crashOf("teller"),
	{"kill -9 of PostgreSQL", func(ctx context.Context, r *rand.Rand, w *world) error {
		w.postgres.Lock()
		defer w.postgres.Unlock()
		return errors.Join(w.busy(r)(ctx), w.postgres.Kill(ctx), wait.For(ctx, short(r)), w.postgres.Recover(ctx))
	}},
}

// long returns a time of one to four seconds, below and above the time limits of leases
// and acknowledgements.
func long(r *rand.Rand) time.Duration {
	return time.Second + time.Duration(r.IntN(3000))*time.Millisecond
}

// freezeOf stops a process of a role for a while.
func freezeOf(role string) strike {
	return strike{"SIGSTOP of a " + role, func(ctx context.Context, r *rand.Rand, w *world) error {
		p, err := w.pick(ctx, r, role)
		if err != nil {
			return err
		}
		return p.freeze(ctx, w.busy(r), long(r))
	}}
}

// cutOf cuts the line between a relay or a listener and the broker.
func cutOf(name string, mute bool) strike {
	return strike{name, func(ctx context.Context, r *rand.Rand, w *world) error {
		p, err := w.pick(ctx, r, "relay", "listener")
		if err != nil {
			return err
		}
		return p.cutOff(ctx, w.busy(r), long(r), mute)
	}}
}

var pauses = []strike{
	freezeOf("broker"), freezeOf("relay"), freezeOf("listener"),
	cutOf("connections to the broker cut", false), cutOf("connections to the broker mute", true),
}

func TestEventsHaveOneEffectInOrder(t *testing.T) {
	t.Parallel()
	t.Run("WhateverIsKilled", func(t *testing.T) {
		t.Parallel()
		strikeWhileTelling(t, kills, 1, *eventsFlag, *faultsFlag)
	})
	t.Run("WhateverIsPausedOrCutOff", func(t *testing.T) {
		t.Parallel()
		strikeWhileTelling(t, pauses, 2, *eventsFlag/2, (*faultsFlag+1)/2)
	})
}

// strikeWhileTelling tells so many events or a few more, during which each fault strikes so many times, and
// judges the end. Each service has so many copies of its relay and listener. A part of the
// events is told right before each strike, and the last one after all strikes.
func strikeWhileTelling(t *testing.T, faults []strike, copies, events, times int) {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience+time.Duration(times)*time.Minute/2)
	defer cancel()
	r := rand.New(rand.NewPCG(*seedFlag, 0))
	w := newWorld(t, max(10, events/100), copies)
	var order []strike
	for range times {
		order = append(order, faults...)
	}
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })

	w.part = events / 2 / (len(order) + 1)
	hits, struck := map[string]int{}, new(errgroup.Group)
	struck.SetLimit(3) // at once, so that the last ones do not wait for their victim until all is told
	for _, s := range order {
		own := rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
		struck.Go(func() error {
			if err := s.hit(ctx, own, w); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			return nil
		})
		hits[s.name]++
		require.NoError(t, wait.For(ctx, short(r)))
	}
	require.NoError(t, struck.Wait())
	require.NoError(t, w.allow(max(w.part, events/2-w.allowed)))
	w.settle()
	w.judge()
	fmt.Printf("events: seed %d, %d events, %d strikes in %s\n", *seedFlag, 2*w.allowed, len(order), time.Since(began).Round(time.Second))
	for _, s := range faults {
		fmt.Printf("events: %-32s %d\n", s.name, hits[s.name])
	}
}
