package engine_test

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/proof/enginetest"
)

var attributes = []engine.Attribute{
	{Name: "AmendsCustomer", Type: enumspb.INDEXED_VALUE_TYPE_KEYWORD},
	{Name: "AmendsNeedsAttention", Type: enumspb.INDEXED_VALUE_TYPE_BOOL},
}

func dial(t *testing.T, address, namespace string) *engine.Client {
	t.Helper()
	c, err := engine.Dial(engine.Options{Address: address, Namespace: namespace, Isolated: true, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func TestEngine(t *testing.T) {
	t.Parallel()
	s := enginetest.Start(t, temporal.Options{}) // without any search attribute

	t.Run("IsNotReadyWithoutItsSearchAttributesUntilTheyAreRegistered", func(t *testing.T) {
		t.Parallel()
		c := dial(t, s.Address, "")
		require.Equal(t, "default", c.Namespace)
		require.NoError(t, c.Ready(t.Context(), nil))
		require.EqualError(t, c.Ready(t.Context(), attributes), `SEARCH_ATTRIBUTES_MISSING: namespace "default" has no search attribute `+
			"AmendsCustomer=Keyword, AmendsNeedsAttention=Bool: `amends migrate temporal` registers them")
		for range 2 { // twice is once
			require.NoError(t, c.Register(t.Context(), attributes, nil))
			require.NoError(t, c.Ready(t.Context(), attributes))
		}
		other := []engine.Attribute{{Name: "AmendsCustomer", Type: enumspb.INDEXED_VALUE_TYPE_INT}}
		require.EqualError(t, c.Register(t.Context(), other, nil),
			`SEARCH_ATTRIBUTES_MISSING: search attribute AmendsCustomer of namespace "default" is a Keyword and must be a Int`)
	})

	t.Run("WithoutTheNamespaceIsNotWaitedFor", func(t *testing.T) {
		t.Parallel()
		c := dial(t, s.Address, "nowhere")
		err := c.Wait(t.Context(), nil)
		require.EqualError(t, err, "NAMESPACE_MISSING: Temporal at "+s.Address+" has no namespace \"nowhere\": `amends migrate temporal` creates it")
	})

	t.Run("GetsTheNamespaceThatItMisses", func(t *testing.T) {
		t.Parallel()
		c := dial(t, s.Address, "shop")
		require.NoError(t, c.Register(t.Context(), attributes, nil))
		require.NoError(t, c.Wait(t.Context(), nil))
		require.NoError(t, c.Ready(t.Context(), attributes))
	})
}

func TestUnreachable(t *testing.T) {
	t.Parallel()

	address, err := loopback.FreeAddress(t.Context())
	require.NoError(t, err)

	c := dial(t, address, "")
	require.Equal(t, fault.Unavailable, fault.CodeOf(c.Ready(t.Context(), attributes)))

	ctx, cancel := context.WithCancelCause(t.Context())
	said := make(chan error, 100)
	waited := make(chan error, 1)
	go func() { waited <- c.Wait(ctx, func(err error) { said <- err }) }()
	require.ErrorContains(t, <-said, "Temporal at "+address+" is not reachable: ")
	cancel(os.ErrClosed)
	select {
	case err := <-waited:
		require.ErrorIs(t, err, os.ErrClosed)
	case <-time.After(10 * time.Second):
		require.Fail(t, "Wait does not end with its context")
	}
}
