package faults_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/faults"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/shipping/carrier"
)

// server is a broker that remembers whether it is there.
type server struct {
	away bool
	fail error
}

func (s *server) Leave() error                 { s.away = true; return s.fail }
func (s *server) Return(context.Context) error { s.away = false; return s.fail }

// worker is one that remembers whether it runs.
type worker struct {
	runs bool
	fail error
}

func (w *worker) Begin() error { w.runs = w.fail == nil; return w.fail }
func (w *worker) End() error   { w.runs = false; return w.fail }
func (w *worker) Kills() int   { return 2 }

func TestFaultsAreSwitchedOnAndOff(t *testing.T) {
	t.Parallel()
	ctx := t.Context()

	t.Run("OfTheProvider", func(t *testing.T) {
		t.Parallel()
		f := faults.New(faults.Neighbours{})
		require.NoError(t, f.Provider(ctx))
		require.NoError(t, f.Switch(ctx, faults.ProviderAway, true))
		require.ErrorIs(t, f.Provider(ctx), provider.ErrUnavailable)
		require.NoError(t, f.Carrier(ctx))
		require.NoError(t, f.Switch(ctx, faults.ProviderAway, false))
		require.NoError(t, f.Provider(ctx))

		require.NoError(t, f.Switch(ctx, faults.ProviderSlow, true))
		hasty, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		require.ErrorIs(t, f.Provider(hasty), context.DeadlineExceeded)
	})
	t.Run("OfTheCarrier", func(t *testing.T) {
		t.Parallel()
		f := faults.New(faults.Neighbours{})
		require.NoError(t, f.Switch(ctx, faults.CarrierAway, true))
		require.ErrorIs(t, f.Carrier(ctx), carrier.ErrUnavailable)
		require.NoError(t, f.Provider(ctx))
		require.Equal(t, []bool{false, false, true}, on(f))
	})
	t.Run("OfTheBroker", func(t *testing.T) {
		t.Parallel()
		s := &server{}
		f := faults.New(faults.Neighbours{Broker: s})
		require.NoError(t, f.Switch(ctx, faults.BrokerAway, true))
		require.True(t, s.away)
		require.Equal(t, []bool{false, false, false, true}, on(f))
		s.fail = errors.New("the port is in use")
		require.ErrorIs(t, f.Switch(ctx, faults.BrokerAway, false), s.fail)
		require.True(t, on(f)[3], "it is still away")
	})
	t.Run("OfAWorker", func(t *testing.T) {
		t.Parallel()
		w := &worker{}
		f := faults.New(faults.Neighbours{Worker: w})
		require.NoError(t, f.Switch(ctx, faults.WorkerKilled, true))
		require.True(t, w.runs)
		require.Equal(t, []bool{false, false, false, true}, on(f))
		require.Contains(t, f.All()[3].Becomes, "Killed so far: 2")
		require.NoError(t, f.Switch(ctx, faults.WorkerKilled, false))
		require.False(t, w.runs)
		w.fail = errors.New("there is no such program")
		require.ErrorIs(t, f.Switch(ctx, faults.WorkerKilled, true), w.fail)
		require.False(t, on(f)[3])
	})
	t.Run("ButNoOthers", func(t *testing.T) {
		t.Parallel()
		require.ErrorIs(t, faults.New(faults.Neighbours{}).Switch(ctx, faults.BrokerAway, true), faults.ErrUnknown)
		require.ErrorIs(t, faults.New(faults.Neighbours{Broker: &server{}}).Switch(ctx, "earthquake", true), faults.ErrUnknown)
	})
}

func on(f *faults.Faults) (all []bool) {
	for _, one := range f.All() {
		all = append(all, one.On)
	}
	return all
}
