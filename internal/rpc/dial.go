package rpc

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // the client's part of health checks
	"google.golang.org/grpc/keepalive"
)

// How a client finds out that a server is gone without a word: it pings after a time
// of silence, and waits for the answer.
const (
	pingAfter = 20 * time.Second
	pingWait  = 5 * time.Second
)

// maxRedial bounds the time between two attempts to connect: a server that was
// restarted is used again soon.
const maxRedial = 2 * time.Second

// DialOptions are those of connections to the servers of one service.
type DialOptions struct {
	// Target names the servers, for example "127.0.0.1:7080" or that of a resolver.
	Target string
	// Service is the one whose health decides whether a server gets calls; empty: all
	// that are connected do.
	Service string
	// Balancer is the policy that chooses a server for each call; empty: round_robin.
	Balancer string
	// Metrics receives the durations of calls by method and status
	// (rpc_client_call_duration_seconds); nil: nothing is measured.
	Metrics metric.MeterProvider
	// Plugins add to the connections, for example certificates, or a resolver.
	Plugins []grpc.DialOption
}

// Dial returns connections to the servers of one service, made when they are needed.
// The caller closes them. Every failed call returns a fault; see [fault.Of].
func Dial(o DialOptions) (*grpc.ClientConn, error) {
	config, err := serviceConfig(cmp.Or(o.Balancer, "round_robin"), o.Service)
	if err != nil {
		return nil, err
	}
	redial := backoff.DefaultConfig
	redial.BaseDelay, redial.MaxDelay = 100*time.Millisecond, maxRedial
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()), // unless a plugin has others
		grpc.WithDisableServiceConfig(),                          // no resolver overrides the rules
		grpc.WithDefaultServiceConfig(config),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingAfter, Timeout: pingWait, PermitWithoutStream: true}),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: redial, MinConnectTimeout: time.Second}),
		grpc.WithStatsHandler(clientTelemetry(o.Metrics)),
		grpc.WithStatsHandler(tracker{}),
		grpc.WithChainUnaryInterceptor(answer),
		grpc.WithChainStreamInterceptor(answerStream),
	}
	conn, err := grpc.NewClient(o.Target, append(options, o.Plugins...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", o.Target, err)
	}
	return conn, nil
}

// answer refuses a call without a deadline, and makes a fault of every failure.
func answer(ctx context.Context, method string, in, out any, conn *grpc.ClientConn, call grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if err := hasDeadline(ctx, method); err != nil {
		return err
	}
	c := &course{}
	err := call(context.WithValue(ctx, courseKey{}, c), method, in, out, conn, options...)
	if err == nil {
		return nil
	}
	return c.fault(err)
}
