package process_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/process"
)

// noting returns a part that notes when it ends.
func noting(name string, ended *[]string, err error) process.Part {
	return process.Part{Name: name, Run: func(ctx context.Context) error {
		<-ctx.Done()
		*ended = append(*ended, name) // one part ends at a time
		return err
	}}
}

func TestParts(t *testing.T) {
	t.Parallel()

	t.Run("StopInReverseOrderAndReportEveryError", func(t *testing.T) {
		t.Parallel()
		ctx, parts := process.New(t.Context())
		var ended []string
		parts.Start(ctx, noting("connection", &ended, errors.New("connection is broken")))
		parts.Start(ctx, noting("workers", &ended, nil))
		parts.Start(ctx, noting("api", &ended, errors.New("api is broken")))
		require.EqualError(t, parts.Stop(), "api is broken\nconnection is broken")
		require.Equal(t, []string{"api", "workers", "connection"}, ended)
		require.NoError(t, parts.Err())
		require.Error(t, ctx.Err())
		require.NoError(t, parts.Stop(), "a repeat does nothing")
	})

	t.Run("OutliveTheContextUntilTheirTurn", func(t *testing.T) {
		t.Parallel()
		parent, cancel := context.WithCancel(t.Context())
		ctx, parts := process.New(parent)
		var ended []string
		parts.Start(ctx, noting("workers", &ended, nil))
		cancel()
		require.ErrorIs(t, ctx.Err(), context.Canceled)
		require.NoError(t, parts.Err(), "being asked to stop is no failure")
		require.Empty(t, ended)
		require.NoError(t, parts.Stop())
		require.Equal(t, []string{"workers"}, ended)
	})

	t.Run("EndTheContextByTheFirstFailure", func(t *testing.T) {
		t.Parallel()
		broken := errors.New("the engine is gone")
		ctx, parts := process.New(t.Context())
		var ended []string
		parts.Start(ctx, noting("client", &ended, nil))
		parts.Start(ctx, process.Part{Name: "engine", Run: func(context.Context) error { return broken }})
		<-ctx.Done()
		require.Equal(t, broken, context.Cause(ctx))
		require.Equal(t, broken, parts.Err())
		require.NoError(t, parts.Stop(), "the failure is reported once")
		require.Equal(t, []string{"client"}, ended)
		require.Equal(t, broken, parts.Err())
	})

	t.Run("FailByEndingEarly", func(t *testing.T) {
		t.Parallel()
		ctx, parts := process.New(t.Context())
		parts.Start(ctx, process.Part{Name: "workers", Run: func(context.Context) error { return nil }})
		<-ctx.Done()
		require.EqualError(t, parts.Err(), "workers ended although the process still runs")
		require.NoError(t, parts.Stop())
	})

	t.Run("ReportOneThatFailsWhileAnotherStops", func(t *testing.T) {
		t.Parallel()
		broken := errors.New("the engine is gone")
		ctx, parts := process.New(t.Context())
		stopping, failed := make(chan struct{}), make(chan struct{})
		parts.Start(ctx, process.Part{Name: "engine", Run: func(context.Context) error {
			<-stopping
			return broken
		}})
		parts.Start(ctx, process.Part{Name: "workers", Run: func(own context.Context) error {
			<-own.Done()
			close(stopping)
			<-failed
			return nil
		}})
		go func() {
			<-ctx.Done()
			close(failed)
		}()
		require.EqualError(t, parts.Stop(), "the engine is gone")
		require.NoError(t, parts.Stop(), "a repeat does nothing")
	})

	t.Run("AreAbandonedAfterTheirDrainTime", func(t *testing.T) {
		t.Parallel()
		ctx, parts := process.New(t.Context())
		release := make(chan struct{})
		defer close(release)
		parts.Start(ctx, process.Part{Name: "workers", Drain: time.Millisecond, Run: func(context.Context) error {
			<-release
			return nil
		}})
		require.EqualError(t, parts.Stop(), "workers did not stop within 1ms")
	})
}

func TestCloserReleasesAtItsTurn(t *testing.T) {
	t.Parallel()
	ctx, parts := process.New(t.Context())
	released := 0
	parts.Start(ctx, process.Closer("lock", func() error { released++; return nil }))
	require.NoError(t, parts.Stop())
	require.Equal(t, 1, released)
}
