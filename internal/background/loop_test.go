package background_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/background"
)

func TestLoop(t *testing.T) {
	t.Parallel()
	within, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel) // after the subtests

	t.Run("RepeatsAndWarnsWhenItBeginsToFail", func(t *testing.T) {
		t.Parallel()
		answers := []error{errors.New("no database"), errors.New("no table"), nil, errors.New("no database"), nil}
		var log bytes.Buffer
		round := 0
		l := background.NewLoop(background.LoopConfig{
			Name: "orders", Every: time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Round: func(context.Context) error {
				round++
				return answers[min(round, len(answers))-1]
			},
		})
		l.Rounds.Enable()
		ctx, stop := context.WithCancel(within)
		ended := make(chan error, 1)
		go func() { ended <- l.Run(ctx) }()
		for _, want := range answers {
			got, err := l.Rounds.Wait(within)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		stop()
		require.NoError(t, <-ended)
		require.Equal(t, 2, strings.Count(log.String(), "a background loop fails"))
		require.Contains(t, log.String(), `loop=orders error="no database"`)
	})

	t.Run("SaysNothingOfARoundThatWasCutOff", func(t *testing.T) {
		t.Parallel()
		ctx, stop := context.WithCancel(within)
		l := background.NewLoop(background.LoopConfig{
			Name: "orders", Every: time.Hour, Logger: nil, // not used
			Round: func(context.Context) error {
				stop()
				return errors.New("cut off")
			},
		})
		require.NoError(t, l.Run(ctx))
	})
}

func TestSignal(t *testing.T) {
	t.Parallel()
	var off background.Signal[int]
	off.Emit(1)

	var s background.Signal[int]
	s.Enable()
	for i := range 1000 { // a test that does not read must not block the work
		s.Emit(i)
	}
	got, err := s.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, 0, got)

	s.Enable()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Wait(ctx)
	require.ErrorIs(t, err, context.Canceled)
}
