package loopback_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/loopback"
)

// The kernel could give a port of its own range to a connection before the server
// starts.
func TestFreePortIsBelowWhatTheKernelGivesOut(t *testing.T) {
	t.Parallel()
	first := 49152 // RFC 6335
	if content, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		first = number(t, strings.Fields(string(content))[0])
	}
	seen := map[int]bool{}
	for range 50 {
		p, err := loopback.FreePort(t.Context())
		require.NoError(t, err)
		require.Less(t, p, first)
		require.Greater(t, p, 1024)
		seen[p] = true
	}
	require.Len(t, seen, 50, "no port is returned twice")
}

// A server needs seconds between the choice of its port and its listener; another
// process, such as another package's tests, must not choose the same meanwhile.
func TestAPortIsLeasedForOneProcess(t *testing.T) {
	if port := os.Getenv("LOOPBACK_TEST_PORT"); port != "" {
		leased, err := loopback.Lease(number(t, port))
		require.NoError(t, err)
		fmt.Println("leased:", leased)
		return
	}
	t.Parallel()
	port, err := loopback.FreePort(t.Context())
	require.NoError(t, err)
	again, err := loopback.Lease(port)
	require.NoError(t, err)
	require.True(t, again, "its own lease is kept")

	other := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
	other.Env = append(os.Environ(), "LOOPBACK_TEST_PORT="+strconv.Itoa(port))
	said, err := other.CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.Contains(t, string(said), "leased: false")
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}

func TestTaken(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, text, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	taken, err := loopback.Taken(t.Context(), number(t, text))
	require.NoError(t, err)
	require.True(t, taken)
	require.NoError(t, l.Close())

	_, err = loopback.Taken(t.Context(), 70_000)
	require.ErrorContains(t, err, "port 70000")
}
