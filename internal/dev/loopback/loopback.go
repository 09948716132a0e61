// Package loopback chooses ports of 127.0.0.1 for servers that are told theirs
// before they start.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"syscall"
)

// Host is the only address that what we start listens on.
const Host = "127.0.0.1"

// given are the ports that this process got from [FreePort].
var given sync.Map

// FreePort returns a port that was free a moment ago, another one each time. It is
// below those that Linux gives to outgoing connections and to who listens on port 0,
// as it comes: one of them could take it before its server does.
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
	return 0, fmt.Errorf("no port of %s from %d to %d was found free", Host, first, last)
}

// FreeAddress returns [FreePort] as host:port.
func FreeAddress(ctx context.Context) (string, error) {
	port, err := FreePort(ctx)
	return Address(port), err
}

// Taken says whether the port is in use. An error is any other reason why nothing
// can listen on it.
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
