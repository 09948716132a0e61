package edge_test

import (
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/edge"
)

// Without a limit, a client that sends or reads nothing holds its connection for ever.
func TestAServerLimitsEveryPhaseOfARequest(t *testing.T) {
	t.Parallel()
	s := edge.NewServer("", http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	require.Equal(t, 5*time.Second, s.ReadHeaderTimeout)
	require.Equal(t, 30*time.Second, s.ReadTimeout)
	require.Greater(t, s.WriteTimeout, edge.MaxAnswer, "the longest answer must arrive")
	require.Less(t, s.WriteTimeout, 2*edge.MaxAnswer)
	require.Equal(t, 2*time.Minute, s.IdleTimeout)
	require.Equal(t, 32<<10, s.MaxHeaderBytes)
}

func TestAServerHangsUpOnHalfAHeader(t *testing.T) {
	t.Parallel()
	s := edge.NewServer("", http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	s.ReadHeaderTimeout /= 100
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })

	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	_, err = c.Write([]byte("GET / HTTP/1.1\r\nHost: am"))
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
	_, err = c.Read(make([]byte, 1))
	require.Error(t, err)
	timeout, ok := err.(net.Error) //nolint:errorlint // a connection returns it unwrapped
	require.False(t, ok && timeout.Timeout(), "the server, not the client, ended the wait: %v", err)
}
