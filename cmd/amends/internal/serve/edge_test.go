package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api"
	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/config"
)

func TestStreamsAreLimitedAsConfigured(t *testing.T) {
	t.Parallel()
	c, o := config.Default(cli.Sections()...), api.DefaultConfig()
	configureEdge(&o, &c)
	require.Equal(t, api.DefaultConfig().Streams, o.Streams, "the defaults agree")
	c.Limits.Streams = 3
	configureEdge(&o, &c)
	require.Equal(t, 3, o.Streams)
}
