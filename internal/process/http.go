package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Listen takes the TCP address that a configuration key names. Its error is one
// line that begins with the key. Closing the listener again does nothing, so it
// can be both a [Closer], which frees an address that is never served, and served.
func Listen(ctx context.Context, key, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s: %s is in use; stop what uses it, or choose another with --%s", key, addr, strings.NewReplacer("_", "-", ".", "-").Replace(key))
	case err != nil:
		return nil, fmt.Errorf("%s: cannot listen: %w", key, err)
	}
	return &listener{Listener: l, close: sync.OnceValue(l.Close)}, nil
}

// listener is a listener that can be closed repeatedly.
type listener struct {
	net.Listener

	close func() error
}

func (l *listener) Close() error { return l.close() }

// HTTP returns a part that serves HTTP on l, which it closes; HTTPS if the server has a TLS
// configuration. When it stops, or
// loses its listener, it takes no new requests and gives those that run the drain
// time; requests that are cut off then are repeated by their clients.
func HTTP(name string, l net.Listener, server *http.Server, drain time.Duration) Part {
	return Part{Name: name, Run: func(ctx context.Context) error {
		served := make(chan error, 1)
		go func() {
			if server.TLSConfig != nil {
				served <- server.ServeTLS(l, "", "")
				return
			}
			served <- server.Serve(l)
		}()
		var err error
		select {
		case err = <-served:
			shutdown(ctx, server, drain)
		case <-ctx.Done():
			shutdown(ctx, server, drain)
			err = <-served
		}
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}}
}

// shutdown ends a server, whether ctx has ended or not.
func shutdown(ctx context.Context, server *http.Server, drain time.Duration) {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if server.Shutdown(within) != nil {
		_ = server.Close() // cuts off the rest; there is nothing left to report it to
	}
}

// URL returns the address of l as a browser on this machine takes it.
func URL(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
