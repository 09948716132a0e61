// Package rpctest connects tests of gRPC contracts to servers of their own.
package rpctest

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"github.com/amends/amends/internal/rpc"
)

// Connect serves the services that register registers, in memory, until the test ends,
// and returns a connection to them.
func Connect(tb testing.TB, register func(grpc.ServiceRegistrar)) *grpc.ClientConn {
	tb.Helper()
	conn, stop := Serve(tb, register)
	tb.Cleanup(func() {
		require.NoError(tb, conn.Close())
		stop()
	})
	return conn
}

// Serve is Connect for a test that stops the server and closes the connection itself. stop
// returns when the calls that run have ended.
func Serve(tb testing.TB, register func(grpc.ServiceRegistrar)) (conn *grpc.ClientConn, stop func()) {
	tb.Helper()
	l := bufconn.Listen(1 << 20)
	s := rpc.NewServer(rpc.ServerOptions{Logger: slog.New(slog.DiscardHandler)})
	register(s)
	s.Healthy()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l, time.Minute) }()
	conn, err := rpc.Dial(rpc.DialOptions{Target: "passthrough:///memory", Plugins: []grpc.DialOption{
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }),
	}})
	require.NoError(tb, err)
	return conn, func() {
		cancel()
		require.NoError(tb, <-served)
	}
}

// Context returns the test's context with a deadline, which every call needs.
func Context(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 5*time.Minute)
	tb.Cleanup(cancel)
	return ctx
}
