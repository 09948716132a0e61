package settings_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/settings"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	good := settings.Default()
	good.Orders.Queue = "order"
	require.NoError(t, good.Validate())
	err := settings.Config{}.Validate()
	for _, want := range []string{"order queue", "namespace", "decide-after", "placement timeout", "query timeout", "cancel timeout", "body limit"} {
		require.ErrorContains(t, err, want)
	}
	good.GuestSecret = strings.Repeat("x", 23)
	require.ErrorContains(t, good.Validate(), "secret of guests has 23 characters, and needs 24")
}
