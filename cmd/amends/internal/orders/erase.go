package orders

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/services/order"
	orderrpc "github.com/amends/amends/services/order/rpc"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
)

// erase returns `amends order erase`.
func erase(std cli.Stdio) *cobra.Command {
	var e order.Erasure
	cmd := &cobra.Command{
		Use:   "erase ID --reason TEXT",
		Short: "Remove the personal data of one decided order, of a guest for example",
		Long: "Remove the personal data of one decided order, of a guest for example: its address, its contact, the addresses\n" +
			"of messages about it, the texts of its cases, and the engine's history of its saga, within a minute. The order\n" +
			"and its money stay. It cannot be undone. Accounts are erased by `amends user erase`." + reach.Whereabouts,
		Args: cli.Exactly("order erase needs the id of an order", 1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if e.By, err = cli.Author(e.By); err != nil {
				return err
			}
			e.Order = args[0]
			err = reach.Service(std, cmd, "order",
				func(ctx context.Context, conn grpc.ClientConnInterface) error {
					return orderrpc.NewClient(conn).Erase(ctx, e)
				},
				func(ctx context.Context, o worker.Options) error {
					return worker.With(ctx, o, "order", func(s *registry.Stores) error { return s.Orders().Erase(ctx, e) })
				})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(std.Out, "%s  is erased\n", e.Order)
			return err
		},
	}
	cmd.Flags().StringVar(&e.Reason, "reason", "", "why, in words; no names of customers, no addresses")
	cli.AddAuthor(cmd, &e.By)
	cli.Require(cmd, "reason")
	cli.AddDatabaseFlags(cmd)
	return cmd
}
