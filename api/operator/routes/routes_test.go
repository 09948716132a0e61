package routes

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/legacy/route"
)

func TestADeedHasTheShareOfACanaryAlone(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]route.Route{
		"set canary, 12.5 %": {Mode: route.Canary, Percent: 12.5},
		"set canary, 0 %":    {Mode: route.Canary},
		"set service":        {Mode: route.Service, Percent: 12.5},
		"set legacy":         {Mode: route.Legacy, Percent: 12.5},
	} {
		require.Equal(t, want, deed(r))
	}
}
