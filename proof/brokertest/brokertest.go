// Package brokertest runs a broker for tests, which they can stop, start again, and
// start again without its data.
package brokertest

import (
	"net"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// startWithin bounds the start of a broker on a loaded machine.
const startWithin = 3 * time.Minute

// Broker is a NATS server with JetStream on a port of its own.
type Broker struct {
	tb      testing.TB
	options server.Options
	server  *server.Server
}

// Start starts a broker, which ends with the test.
func Start(tb testing.TB) *Broker {
	tb.Helper()
	b := &Broker{tb: tb, options: server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: tb.TempDir(), DisableJetStreamBanner: true,
	}}
	b.Resume()
	tb.Cleanup(b.Stop)
	return b
}

// Resume starts the broker again, on the same port and data.
func (b *Broker) Resume() {
	b.tb.Helper()
	options := b.options // the server writes into its own
	s, err := server.NewServer(&options)
	require.NoError(b.tb, err)
	s.Start()
	require.True(b.tb, s.ReadyForConnections(startWithin), "the broker does not start")
	b.server = s
	if addr, ok := s.Addr().(*net.TCPAddr); ok {
		b.options.Port = addr.Port
	}
}

// Stop stops the broker. A repeat does nothing.
func (b *Broker) Stop() {
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

// Wipe removes the data of a broker that is stopped.
func (b *Broker) Wipe() {
	b.tb.Helper()
	require.NoError(b.tb, os.RemoveAll(b.options.StoreDir))
}

// URL returns the address for clients.
func (b *Broker) URL() string { return b.server.ClientURL() }

// Connect returns a connection that reconnects for as long as the test runs.
func (b *Broker) Connect() jetstream.JetStream {
	b.tb.Helper()
	nc, err := nats.Connect(b.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	require.NoError(b.tb, err)
	b.tb.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	require.NoError(b.tb, err)
	return js
}
