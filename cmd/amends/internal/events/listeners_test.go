package events

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event/unheard"
	"github.com/amends/amends/internal/show"
)

func TestAListenerThatIsLateIsAnError(t *testing.T) {
	t.Parallel()
	now := time.Now()
	all := []unheard.Standing{{Group: "catalog"}, {Group: "payment", Oldest: now.Add(-75 * time.Second), Late: true}}
	var out strings.Builder
	require.NoError(t, show.Screen{Writer: &out}.Tables(standings(all, now)))
	require.Equal(t, "Service\tListens\ncatalog\thas taken every event\npayment\tlate: has not taken an event of 1m15s ago\n", out.String())
	require.EqualError(t, late(all), "listeners that are late: 1")
	require.NoError(t, late(all[:1]))
}
