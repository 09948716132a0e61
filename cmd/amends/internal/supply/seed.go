package supply

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/demo"
	"github.com/amends/amends/internal/dev/folder"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/user"
	userrpc "github.com/amends/amends/services/user/rpc"
	"github.com/amends/amends/worker"
)

// Seed returns `amends seed`.
func Seed(std cli.Stdio) *cobra.Command {
	var accounts bool
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "Give a platform the demo data that `amends dev` has",
		Long: "Give a platform the demo data that `amends dev` has: products, and stock in two warehouses. What is there\n" +
			"stays as it is, so a repeat changes nothing. With --accounts it also makes the demo customer and the demo\n" +
			"operator, for a platform that is not public, and writes their API keys into the file demo.json of the data\n" +
			"folder." + reach.Whereabouts,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := withCatalog(std, cmd, func(ctx context.Context, c catalog.Direct) error { return demo.Products(ctx, c) })
			if err != nil {
				return fmt.Errorf("seed products: %w", err)
			}
			err = withInventory(std, cmd, func(ctx context.Context, i inventory.Direct) error { return demo.Stock(ctx, i) })
			if err != nil {
				return fmt.Errorf("seed stock: %w", err)
			}
			if _, err := fmt.Fprintln(std.Out, "the demo products and their stock are there"); err != nil || !accounts {
				return err
			}
			return seedAccounts(std, cmd)
		},
	}
	cmd.Flags().BoolVar(&accounts, "accounts", false, "also the demo accounts, one of which is an operator's")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

func seedAccounts(std cli.Stdio, cmd *cobra.Command) error {
	c, err := std.LoadTool(cmd, config.Needs{})
	if err != nil {
		return err
	}
	if err := folder.Prepare(c.DataDir); err != nil {
		return err
	}
	file := filepath.Join(c.DataDir, "demo.json")
	made := func(ctx context.Context, u user.Service) error {
		_, err := demo.Accounts(ctx, u, file)
		return err
	}
	err = reach.Service(std, cmd, "user",
		func(ctx context.Context, conn grpc.ClientConnInterface) error {
			return made(ctx, userrpc.NewClient(conn))
		},
		func(ctx context.Context, o worker.Options) error {
			return worker.WithUser(ctx, o, func(u user.Service) error { return made(ctx, u) })
		})
	if err != nil {
		return fmt.Errorf("seed accounts: %w", err)
	}
	_, err = fmt.Fprintf(std.Out, "the API keys of the demo accounts are in %s\n", file)
	return err
}
