package supply

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/cmd/amends/internal/peers"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/services/catalog"
	catalogrpc "github.com/amends/amends/services/catalog/rpc"
	"github.com/amends/amends/services/inventory"
	inventoryrpc "github.com/amends/amends/services/inventory/rpc"
	"github.com/amends/amends/worker"
)

// callTime bounds a call of a service.
const callTime = time.Minute

// withCatalog calls f with the catalog service.
func withCatalog(std cli.Stdio, cmd *cobra.Command, f func(context.Context, catalog.Direct) error) error {
	return reach(std, cmd, "catalog",
		func(ctx context.Context, conn grpc.ClientConnInterface) error {
			return f(ctx, catalogrpc.NewClient(conn))
		},
		func(ctx context.Context, o worker.Options) error {
			return worker.WithCatalog(ctx, o, func(c catalog.Service) error { return f(ctx, c) })
		})
}

// withInventory calls f with the inventory service.
func withInventory(std cli.Stdio, cmd *cobra.Command, f func(context.Context, inventory.Direct) error) error {
	return reach(std, cmd, "inventory",
		func(ctx context.Context, conn grpc.ClientConnInterface) error {
			return f(ctx, inventoryrpc.NewClient(conn))
		},
		func(ctx context.Context, o worker.Options) error {
			return worker.WithInventory(ctx, o, func(i inventory.Service) error { return f(ctx, i) })
		})
}

// reach calls a running service as an operator, if it is configured where it answers. With
// the DSN of the service, and beside an `amends dev`, it opens the database instead, which
// needs no process.
func reach(std cli.Stdio, cmd *cobra.Command, service string, call func(context.Context, grpc.ClientConnInterface) error, open func(context.Context, worker.Options) error) (err error) {
	c, err := std.Load(cmd, config.Needs{})
	if err != nil {
		return err
	}
	if c.Services.HasDSN(service) || !peers.Configured(c) {
		o, err := dsn.Tool(std, cmd, service)
		if err != nil {
			return err
		}
		return open(cmd.Context(), o)
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), callTime)
	defer cancel()
	ctx, parts := process.New(ctx)
	defer func() { err = errors.Join(err, parts.Stop()) }()
	log, metrics, err := std.Observe(ctx, c, "warn")
	if err != nil {
		return err
	}
	parts.Start(ctx, process.Closer("metrics", func() error { return metrics.Close(context.WithoutCancel(ctx)) }))
	others, err := peers.Reach(ctx, parts, peers.Options{Config: c, Names: []string{identity.Operator}, Logger: log, Metrics: metrics})
	if err != nil {
		return err
	}
	conn, err := others.Dial(ctx, parts, identity.Operator, service)
	if err != nil {
		return err
	}
	return call(ctx, conn)
}
