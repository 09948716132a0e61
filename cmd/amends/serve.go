package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// site is an HTTP server on an address that is ours already.
type site struct {
	listener net.Listener
	server   *http.Server
	failed   chan error
}

// listen takes the address of a key, or says in one line why it cannot.
func listen(ctx context.Context, key, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s: %s is in use; stop what uses it, or choose another with --%s", key, addr, strings.ReplaceAll(key, "_", "-"))
	case err != nil:
		return nil, fmt.Errorf("%s: cannot listen: %w", key, err)
	}
	return l, nil
}

// serve serves until [site.stop].
func serve(l net.Listener, server *http.Server) *site {
	s := &site{listener: l, server: server, failed: make(chan error, 1)}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
	}()
	return s
}

// stop takes no new requests and gives those that run a time to end.
// It does so also after ctx has ended, which is why it is called.
func (s *site) stop(ctx context.Context, within time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	if s.server.Shutdown(ctx) != nil {
		_ = s.server.Close() // cut off what is left; the client repeats it with its key
	}
}

// url returns the address as a browser on this machine takes it.
func (s *site) url() string {
	host, port, err := net.SplitHostPort(s.listener.Addr().String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
