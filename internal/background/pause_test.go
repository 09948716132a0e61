package background_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/background"
)

func TestPause(t *testing.T) {
	t.Parallel()

	t.Run("Lasts", func(t *testing.T) {
		t.Parallel()
		began := time.Now()
		require.True(t, background.Pause(t.Context(), 10*time.Millisecond))
		require.GreaterOrEqual(t, time.Since(began), 10*time.Millisecond)
	})

	t.Run("EndsWithTheContext", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		require.False(t, background.Pause(ctx, time.Hour))
		for range 20 {
			require.False(t, background.Pause(ctx, 0), "nor does it begin")
		}
	})
}
