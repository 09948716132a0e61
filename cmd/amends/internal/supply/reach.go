package supply

import (
	"context"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/services/catalog"
	catalogrpc "github.com/amends/amends/services/catalog/rpc"
	"github.com/amends/amends/services/inventory"
	inventoryrpc "github.com/amends/amends/services/inventory/rpc"
	"github.com/amends/amends/worker"
)

// withCatalog calls f with the catalog service.
func withCatalog(std cli.Stdio, cmd *cobra.Command, f func(context.Context, catalog.Direct) error) error {
	return reach.Service(std, cmd, "catalog",
		func(ctx context.Context, conn grpc.ClientConnInterface) error {
			return f(ctx, catalogrpc.NewClient(conn))
		},
		func(ctx context.Context, o worker.Options) error {
			return worker.WithCatalog(ctx, o, func(c catalog.Service) error { return f(ctx, c) })
		})
}

// withInventory calls f with the inventory service.
func withInventory(std cli.Stdio, cmd *cobra.Command, f func(context.Context, inventory.Direct) error) error {
	return reach.Service(std, cmd, "inventory",
		func(ctx context.Context, conn grpc.ClientConnInterface) error {
			return f(ctx, inventoryrpc.NewClient(conn))
		},
		func(ctx context.Context, o worker.Options) error {
			return worker.WithInventory(ctx, o, func(i inventory.Service) error { return f(ctx, i) })
		})
}
