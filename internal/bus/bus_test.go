package bus_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/bus"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		url     string
		o       bus.Options
		problem string
	}{
		{"redis://127.0.0.1:1", bus.Options{}, `"redis" is no scheme of a broker`},
		{"", bus.Options{}, `"" is no scheme of a broker`},
		{"nats://127.0.0.1:1", bus.Options{TLSCA: "x"}, "the scheme must be tls"},
		{"tls://127.0.0.1:1", bus.Options{TLSCA: "missing.pem"}, "authorities: open missing.pem"},
		{"tls://127.0.0.1:1", bus.Options{TLSCert: "missing.pem"}, "certificate: open missing.pem"},
		{"nats://127.0.0.1:1", bus.Options{SeedFile: "missing.nk"}, "credentials of the broker: "},
	} {
		_, err := bus.Open(c.url, c.o)
		require.ErrorContains(t, err, c.problem)
		require.NotContains(t, err.Error(), "\n")
	}
}
