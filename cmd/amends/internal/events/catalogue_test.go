package events

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/event"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/worker/registry"
)

func run(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	cmd := Command(cli.Stdio{Out: &out})
	cmd.SetArgs(args)
	require.NoError(t, cmd.Execute())
	return out.String()
}

func TestCatalogueListsEveryFact(t *testing.T) {
	t.Parallel()
	out := run(t, "catalogue")
	for _, f := range registry.Facts() {
		require.Contains(t, out, f.Type())
	}
	require.Contains(t, out, "\namends.inventory.stock_changed.v1\tsku\tstate\tThe available stock")
	require.Contains(t, out, "\namends.inventory.reserved.v1\torder\t\t")
}

func TestCatalogueAsJSON(t *testing.T) {
	t.Parallel()
	var all []entry
	require.NoError(t, json.Unmarshal([]byte(run(t, "catalogue", "--json")), &all))
	require.Len(t, all, len(registry.Facts()))
	require.Contains(t, all, entry{
		Type: "amends.order.placed.v1", Service: "order", Topic: "evt.order.placed", Key: "order", State: true,
		Told: "The order is accepted and its saga has begun.",
	})
}

func TestCatalogueNamesUrgentFacts(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	d := event.Declaration{Service: "shop", Name: "stopped", Version: 2, Key: "user", Urgent: true, About: "Stop."}
	require.NoError(t, show.Screen{Writer: &out}.Tables(table(entries([]event.Declaration{d}))))
	require.Equal(t, "Fact\tBy\tKind\tTold\namends.shop.stopped.v2\tuser\turgent\tStop.\n", out.String())
}

func TestGraphIsThatOfTheReactions(t *testing.T) {
	t.Parallel()
	out := run(t, "graph")
	require.True(t, strings.HasPrefix(out, "flowchart TD\n"), out)
	require.Contains(t, out, "shipping_booked_payment --> payment_captured & payment_capture_refused & payment_failed\n")
}
