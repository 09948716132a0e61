package worker

import (
	"context"
	"net"
	"time"

	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"

	impliedrpc "github.com/amends/amends/event/implied/rpc"
	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/saga/audit/remote"
	"github.com/amends/amends/saga/participant"
	"github.com/amends/amends/worker/events"
	"github.com/amends/amends/worker/registry"
)

// RPC says where and how the services answer the calls of other processes.
type RPC struct {
	// Listener takes the calls; the group closes it. Nil: the services answer none.
	Listener net.Listener
	// Reflection lets tools list the methods; for development only.
	Reflection bool
	// Plugins add to the server, see [rpc.ServerOptions].
	Plugins []grpc.ServerOption
	// Registry gets an instance of each service while the group is ready; nil: none.
	Registry discovery.Registry
	// Address, host:port as callers reach the listener, and Version are those of the instances.
	Address, Version string
	// LameDuck is how long the group answers on after they have left, before it drains.
	LameDuck time.Duration
}

// newServer returns the server of the group's steps and of the services' own methods.
func (g *Group) newServer() *rpc.Server {
	var metrics metric.MeterProvider
	if g.o.Metrics != nil {
		metrics = g.o.Metrics.Meters()
	}
	server := rpc.NewServer(rpc.ServerOptions{
		Logger: g.o.Logger, Metrics: metrics, Reflection: g.o.RPC.Reflection,
		Plugins: append([]grpc.ServerOption{grpc.StatsHandler(&g.load)}, g.o.RPC.Plugins...),
	})
	events.Serve(server, g.stores)
	participant.Register(server, g.steps)
	impliedrpc.Register(server, registry.Implied(g.stores))
	remote.Register(server, registry.Questions(g.stores))
	return server
}

// serve starts to answer calls. The part stops after the workers, whose steps may be
// asked about by other processes until they have drained, and before the databases.
func (g *Group) serve(ctx context.Context, parts *process.Parts) {
	if g.o.RPC.Listener == nil {
		return
	}
	server := g.newServer() //nolint:contextcheck // each call has a context of its own
	server.Healthy(g.names()...)
	parts.Start(ctx, process.Part{Name: "rpc", Run: func(ctx context.Context) error {
		return server.Serve(ctx, g.o.RPC.Listener, g.drainTimeout())
	}})
	g.o.Logger.Info("services answer calls", "address", g.o.RPC.Listener.Addr().String())
}

// register keeps the services registered while the group is ready. The part stops first,
// so that callers go elsewhere before anything drains.
func (g *Group) register(ctx context.Context, parts *process.Parts) {
	if g.o.RPC.Listener == nil || g.o.RPC.Registry == nil {
		return
	}
	r := &discovery.Registration{
		Registry: g.o.RPC.Registry, Load: g.load.Load, Logger: g.o.Logger,
		Instances: discovery.Instances(g.o.RPC.Address, g.o.RPC.Version, g.names()...),
	}
	parts.Start(ctx, process.Part{Name: "registration", Run: func(ctx context.Context) error {
		return r.Keep(ctx, g.o.RPC.LameDuck)
	}})
}
