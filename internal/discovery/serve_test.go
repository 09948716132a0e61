package discovery_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/discovery"
)

func TestServe(t *testing.T) {
	t.Parallel()
	quiet := slog.New(slog.DiscardHandler)
	registered := func(m *discovery.Memory) bool {
		is, err := m.All(context.Background())
		return err == nil && len(is) == 1
	}

	t.Run("LeavesTheRegistryBeforeItDrains", func(t *testing.T) {
		t.Parallel()
		var m discovery.Memory
		r := discovery.Registration{Registry: &m, Instances: all("a"), Logger: quiet}
		const lameDuck = 100 * time.Millisecond
		ctx, stop := context.WithCancel(t.Context())
		var stopped, drained time.Time
		still := true // registered when it drains
		ended := make(chan error, 1)
		go func() {
			ended <- r.Serve(ctx, lameDuck, func(ctx context.Context) error {
				<-ctx.Done()
				drained, still = time.Now(), registered(&m)
				return nil
			})
		}()
		require.Eventually(t, func() bool { return registered(&m) }, patience, tick)
		stopped = time.Now()
		stop()
		require.NoError(t, <-ended)
		require.False(t, still)
		require.GreaterOrEqual(t, drained.Sub(stopped), lameDuck)
	})

	t.Run("LeavesTheRegistryWithItsServer", func(t *testing.T) {
		t.Parallel()
		var m discovery.Memory
		r := discovery.Registration{Registry: &m, Instances: all("a"), Logger: quiet}
		broken, fail := errors.New("no listener"), make(chan struct{})
		ended := make(chan error, 1)
		go func() {
			ended <- r.Serve(t.Context(), 0, func(context.Context) error { <-fail; return broken })
		}()
		require.Eventually(t, func() bool { return registered(&m) }, patience, tick)
		close(fail)
		require.ErrorIs(t, <-ended, broken)
		require.False(t, registered(&m))
	})

	t.Run("RefusesAnIllegalInstance", func(t *testing.T) {
		t.Parallel()
		r := discovery.Registration{Registry: new(discovery.Memory), Instances: []discovery.Instance{{Service: "catalog"}}, Logger: quiet}
		require.ErrorIs(t, r.Serve(t.Context(), 0, func(ctx context.Context) error { <-ctx.Done(); return nil }), discovery.ErrIllegal)
	})
}
