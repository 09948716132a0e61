package namespace_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/namespace"
	"github.com/amends/amends/proof/enginetest"
)

var attributes = []namespace.Attribute{
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

func TestNamespace(t *testing.T) {
	t.Parallel()
	s := enginetest.Start(t, temporal.Options{}) // without any search attribute

	t.Run("IsNotReadyWithoutItsSearchAttributesUntilTheyAreRegistered", func(t *testing.T) {
		t.Parallel()
		c := dial(t, s.Address, "")
		require.Equal(t, "default", c.Namespace)
		require.NoError(t, namespace.Ready(t.Context(), c, nil))
		require.EqualError(t, namespace.Ready(t.Context(), c, attributes), `SEARCH_ATTRIBUTES_MISSING: namespace "default" has no search attribute `+
			"AmendsCustomer=Keyword, AmendsNeedsAttention=Bool: `amends migrate temporal` registers them")
		for range 2 { // twice is once
			require.NoError(t, namespace.Register(t.Context(), c, attributes, nil))
			require.NoError(t, namespace.Ready(t.Context(), c, attributes))
		}
		other := []namespace.Attribute{{Name: "AmendsCustomer", Type: enumspb.INDEXED_VALUE_TYPE_INT}}
		require.EqualError(t, namespace.Register(t.Context(), c, other, nil),
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
		require.NoError(t, namespace.Register(t.Context(), c, attributes, nil))
		require.NoError(t, c.Wait(t.Context(), nil))
		require.NoError(t, namespace.Ready(t.Context(), c, attributes))
	})
}

func TestAnUnreachableEngineIsNotReady(t *testing.T) {
	t.Parallel()

	address, err := loopback.FreeAddress(t.Context())
	require.NoError(t, err)
	require.Equal(t, fault.Unavailable, fault.CodeOf(namespace.Ready(t.Context(), dial(t, address, ""), attributes)))
}
