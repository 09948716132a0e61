package discovery_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/discovery"
)

// leaving is a registry that notes when its instance leaves. It may be away by then.
type leaving struct {
	discovery.Memory

	left time.Time
	away error
}

func (l *leaving) Remove(ctx context.Context, service, id string) error {
	l.left = time.Now()
	if l.away != nil {
		return l.away
	}
	return l.Memory.Remove(ctx, service, id)
}

func TestKeep(t *testing.T) {
	t.Parallel()
	const lameDuck = 100 * time.Millisecond

	// keep keeps an instance registered, and returns the log, and how long after it has
	// left Keep returns.
	keep := func(t *testing.T, l *leaving) (log string, lame time.Duration) {
		t.Helper()
		var written bytes.Buffer
		r := discovery.Registration{Registry: l, Instances: all("a"), Logger: slog.New(slog.NewTextHandler(&written, nil))}
		ctx, stop := context.WithCancel(t.Context())
		kept := make(chan error, 1)
		go func() {
			err := r.Keep(ctx, lameDuck)
			lame = time.Since(l.left)
			kept <- err
		}()
		require.Eventually(t, func() bool {
			there, err := l.All(t.Context())
			return err == nil && len(there) == 1
		}, patience, tick)
		stop()
		require.NoError(t, <-kept)
		return written.String(), lame
	}

	t.Run("LeavesTheRegistryBeforeTheProcessDrains", func(t *testing.T) {
		t.Parallel()
		var l leaving
		log, lame := keep(t, &l)
		there, err := l.All(t.Context())
		require.NoError(t, err)
		require.Empty(t, there)
		require.GreaterOrEqual(t, lame, lameDuck)
		require.Empty(t, log)
	})

	t.Run("NeedsNoRegistryToStop", func(t *testing.T) {
		t.Parallel()
		log, lame := keep(t, &leaving{away: errors.New("the broker is away")})
		require.GreaterOrEqual(t, lame, lameDuck)
		require.Contains(t, log, "the broker is away")
	})

	t.Run("RefusesAnIllegalInstance", func(t *testing.T) {
		t.Parallel()
		r := discovery.Registration{Registry: new(discovery.Memory), Instances: []discovery.Instance{{Service: "catalog"}}, Logger: slog.New(slog.DiscardHandler)}
		require.ErrorIs(t, r.Keep(t.Context(), time.Hour), discovery.ErrIllegal)
	})
}
