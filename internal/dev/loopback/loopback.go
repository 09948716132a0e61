// Package loopback chooses ports on 127.0.0.1 for servers that must know theirs
// before they start.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Host is the only address on which the development servers listen.
const Host = "127.0.0.1"

// leases holds the locked file of each port that this process has leased. They stay
// open until it ends: a server may need seconds until it listens, and returns to its
// port after a restart.
var (
	leases   = map[int]*os.File{}
	leasesMu sync.Mutex
)

// FreePort returns a port that was free a moment ago, and leases it: a different one
// on each call, in whichever process of this user. It is below the range from which
// Linux by default serves outgoing connections and listeners on port 0, so that none
// of them takes it before its server does.
func FreePort(ctx context.Context) (int, error) {
	const first, last, tries = 20_000, 32_000, 100
	for range tries {
		port := first + rand.IntN(last-first)
		fresh, err := lease(port)
		if err != nil {
			return 0, err
		}
		if !fresh {
			continue
		}
		if taken, err := Taken(ctx, port); err != nil || !taken {
			return port, err
		}
	}
	return 0, fmt.Errorf("no port of %s from %d to %d is free", Host, first, last)
}

// Lease keeps the port for this process until it ends, and reports whether it could:
// false if another process of this user has leased it. A repeat is true.
func Lease(port int) (bool, error) {
	fresh, err := lease(port)
	leasesMu.Lock()
	defer leasesMu.Unlock()
	return fresh || leases[port] != nil, err
}

// lease is [Lease], but reports false for a port that this process has leased before.
// The kernel releases the lock of a process when it ends, however it ends.
func lease(port int) (bool, error) {
	leasesMu.Lock()
	defer leasesMu.Unlock()
	if leases[port] != nil {
		return false, nil
	}
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("amends-ports-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, fmt.Errorf("lease a port: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(port)), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, fmt.Errorf("lease a port: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		leases[port] = f
		return true, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return false, f.Close()
	}
	return false, errors.Join(fmt.Errorf("lease a port: %w", err), f.Close())
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
