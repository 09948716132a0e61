package reactions_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/reactions"
)

func TestNoChoreographedOrderStandsStill(t *testing.T) {
	t.Parallel()
	require.NoError(t, reactions.Choreography().Check())
}

// Every link of the graph is bound, and only these: the graph is the code that runs.
func TestTheGraphIsBound(t *testing.T) {
	t.Parallel()
	var linked, bound []string
	for _, l := range reactions.Choreography().Links {
		linked = append(linked, l.Group+" "+l.On.Type())
	}
	for _, l := range []event.Listener{
		reactions.Order(nil), reactions.Catalog(nil, nil), reactions.Payment(nil, nil), reactions.Inventory(nil, nil), reactions.Shipping(nil, nil),
	} {
		require.Equal(t, "choreographed", l.Style)
		for _, f := range l.Facts {
			require.Equal(t, "order", f.Key, "%s: the events of an order are in order", f.Type())
			bound = append(bound, l.Group+" "+f.Type())
		}
	}
	slices.Sort(linked)
	slices.Sort(bound)
	require.Equal(t, linked, bound)
}

func TestTheGraphIsInTheDocuments(t *testing.T) {
	t.Parallel()
	const page = "../docs/choreography.md"
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), "```mermaid\n")
	require.True(t, found)
	got, _, found := strings.Cut(rest, "```\n")
	require.True(t, found)
	require.Equal(t, reactions.Choreography().Mermaid(), got, "%s: write the output of `amends events graph` there", page)
}
