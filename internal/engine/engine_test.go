package engine_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/engine"
)

func TestUnreachable(t *testing.T) {
	t.Parallel()

	address, err := loopback.FreeAddress(t.Context())
	require.NoError(t, err)

	c, err := engine.Dial(engine.Options{Address: address, Isolated: true})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	require.Equal(t, fault.Unavailable, fault.CodeOf(c.Check(t.Context())))

	ctx, cancel := context.WithCancelCause(t.Context())
	said := make(chan error, 100)
	waited := make(chan error, 1)
	go func() { waited <- c.Wait(ctx, func(err error) { said <- err }) }()
	require.ErrorContains(t, <-said, "Temporal at "+address+" is not reachable: ")
	cancel(os.ErrClosed)
	select {
	case err := <-waited:
		require.ErrorIs(t, err, os.ErrClosed)
	case <-time.After(time.Minute):
		require.Fail(t, "Wait does not end with its context")
	}
}
