// Package loopback chooses ports on 127.0.0.1 for servers that must know theirs
// before they start.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Host is the only address on which the development servers listen.
const Host = "127.0.0.1"

// given holds the ports that [FreePort] has returned in this process.
var given sync.Map

// FreePort returns a port that was free a moment ago, a different one on each call.
// It is below the range from which Linux by default serves outgoing connections and
// listeners on port 0, so that none of them takes it before its server does.
func FreePort(ctx context.Context) (int, error) {
	const first, last, tries = 20_000, 32_000, 100
	for range tries {
		port := first + rand.IntN(last-first)
		if _, twice := given.LoadOrStore(port, true); twice {
			continue
		}
		if taken, err := Taken(ctx, port); err != nil || !taken {
			return port, err
		}
	}
	return 0, fmt.Errorf("no port of %s from %d to %d is free", Host, first, last)
}

// FreeAddress returns [FreePort] as host:port.
func FreeAddress(ctx context.Context) (string, error) {
	port, err := FreePort(ctx)
	return Address(port), err
}

// PortError reports a port in use. Its text is one line that tells what to do.
type PortError struct {
	Key  string // of the configuration
	Port int
}

// Error implements error.
func (e *PortError) Error() string {
	return fmt.Sprintf("%s: %s is in use; stop what uses it, or choose another with --%s", e.Key, Address(e.Port), strings.ReplaceAll(e.Key, "_", "-"))
}

// Choose returns port if it is free, and any free port for 0. A port in use is a
// [PortError]. Another process may still take the port before its server does.
func Choose(ctx context.Context, key string, port int) (int, error) {
	if port == 0 {
		return FreePort(ctx)
	}
	taken, err := Taken(ctx, port)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s: cannot listen: %w", key, err)
	case taken:
		return 0, &PortError{Key: key, Port: port}
	}
	return port, nil
}

// Taken reports whether the port is in use. Its error is any other reason why no
// server can listen on it.
func Taken(ctx context.Context, port int) (bool, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", Address(port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("port %d: %w", port, err)
	}
	return false, l.Close()
}

// Address returns the port as host:port.
func Address(port int) string { return net.JoinHostPort(Host, strconv.Itoa(port)) }
