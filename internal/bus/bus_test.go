package bus_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/event/kafka"
	"github.com/amends/amends/internal/bus"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	half := filepath.Join(t.TempDir(), "half.pem")
	require.NoError(t, os.WriteFile(half, []byte("-----BEGIN CERTIFICATE-----\nMIIB"), 0o600))
	for _, c := range []struct {
		url     string
		o       bus.Options
		problem string
	}{
		{"redis://127.0.0.1:1", bus.Options{}, `"redis" is no scheme of a broker`},
		{"", bus.Options{}, `"" is no scheme of a broker`},
		{"nats://127.0.0.1:1", bus.Options{TLSCA: "x"}, "the scheme must be tls"},
		{"tls://127.0.0.1:1", bus.Options{TLSCA: "missing.pem"}, "authorities: open missing.pem"},
		{"tls://127.0.0.1:1", bus.Options{TLSCA: half}, "half.pem: it ends with text that is no PEM block"},
		{"tls://127.0.0.1:1", bus.Options{TLSCert: "missing.pem"}, "certificate: open missing.pem"},
		{"nats://127.0.0.1:1", bus.Options{SeedFile: "missing.nk"}, "credentials of the broker: "},
		{"kafka://127.0.0.1:1", bus.Options{TLSCA: "x"}, "the scheme must be tls or kafka+tls"},
		{"kafka+tls://127.0.0.1:1", bus.Options{TLSCA: "missing.pem"}, "authorities: open missing.pem"},
		{"kafka://127.0.0.1:1", bus.Options{SeedFile: "order.nk"}, "Kafka takes a user and a password"},
		{"kafka://127.0.0.1:1", bus.Options{CredentialsFile: "order.creds"}, "Kafka takes a user and a password"},
		{"kafka://127.0.0.1:port", bus.Options{}, "connect to the broker"},
	} {
		_, err := bus.Open(c.url, c.o)
		require.ErrorContains(t, err, c.problem)
		require.NotContains(t, err.Error(), "\n")
	}
}

func TestOpenConnectsToTheKindOfTheScheme(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	defer cluster.Close()
	address := cluster.ListenAddrs()[0]
	for _, url := range []string{"kafka://" + address, "kafka://" + address + "," + address, "kafka://" + address + ",kafka://" + address} {
		opened, err := bus.Open(url, bus.Options{Name: "test"})
		require.NoError(t, err)
		require.IsType(t, &kafka.Bus{}, opened)
		require.NoError(t, opened.Ready(t.Context()), url)
		opened.Close()
	}
	for _, url := range []string{"nats://127.0.0.1:1", "tls://127.0.0.1:1"} {
		opened, err := bus.Open(url, bus.Options{})
		require.NoError(t, err)
		require.IsType(t, &jetstream.Bus{}, opened)
		opened.Close()
	}
}
