package events

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/event"
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

func TestCatalogueListsEveryFactWithinATerminal(t *testing.T) {
	t.Parallel()
	out := run(t, "catalogue")
	for _, f := range registry.Facts() {
		require.Contains(t, out, f.Type())
	}
	for line := range strings.Lines(out) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), width, line)
		require.Equal(t, strings.TrimRight(line, " \n")+"\n", line, "no spaces at its end")
	}
	require.Contains(t, out, "amends.inventory.stock_changed.v1      by sku, state\n  The available stock")
	require.Contains(t, out, "amends.inventory.reserved.v1           by order\n")
}

func TestCatalogueAsJSON(t *testing.T) {
	t.Parallel()
	var all []entry
	require.NoError(t, json.Unmarshal([]byte(run(t, "catalogue", "--json")), &all))
	require.Len(t, all, len(registry.Facts()))
	require.Equal(t, entry{
		Type: "amends.order.placed.v1", Service: "order", Topic: "evt.order.placed", Key: "order", State: true,
		Told: "The order is accepted and its saga has begun.",
	}, all[0])
}

func TestCatalogueNamesUrgentFacts(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	d := event.Declaration{Service: "shop", Name: "stopped", Version: 2, Key: "user", Urgent: true, About: "Stop."}
	require.NoError(t, list(&out, entries([]event.Declaration{d})))
	require.Equal(t, "amends.shop.stopped.v2                 by user, urgent\n  Stop.\n", out.String())
}

func TestGraphIsThatOfTheReactions(t *testing.T) {
	t.Parallel()
	out := run(t, "graph")
	require.True(t, strings.HasPrefix(out, "flowchart TD\n"), out)
	require.Contains(t, out, "shipping_booked_payment --> payment_captured & payment_capture_refused & payment_failed\n")
}
