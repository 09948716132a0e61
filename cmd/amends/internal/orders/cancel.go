package orders

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/show/orderview"
	orderrpc "github.com/amends/amends/services/order/rpc"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
)

// cancel returns `amends order cancel`.
func cancel(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "cancel ID",
		Short: "Abort an order before its payment is captured, as its customer could",
		Long: "Abort an order before its payment is captured, as its customer could: its steps are undone, and it ends\n" +
			"CANCELLED with the reason CUSTOMER_REQUEST. Its workflow is asked, or for a choreographed order, which has\n" +
			"none, the order service. Afterwards it is too late (PAST_PIVOT). A repeat changes nothing." + reach.Naming + reach.Whereabouts,
		Args:              cli.Exactly("order cancel needs the order's id", 1),
		ValidArgsFunction: reach.CompleteOrder(std),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := reach.OrderID(std, cmd, args[0])
			if err != nil {
				return err
			}
			after, err := cancelOrder(std, cmd, id)
			switch {
			case err != nil:
				return fmt.Errorf("cancel order %q: %w", id, err)
			case asJSON:
				return show.JSON(std.Out, after.OrderView)
			}
			return orderview.Write(std.Screen(cmd), after.OrderView, registry.Words())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the order as JSON")
	cli.AddDatabaseFlags(cmd)
	cli.AddEngineFlags(cmd)
	return cmd
}

// cancelOrder returns the order as it is after the cancel.
func cancelOrder(std cli.Stdio, cmd *cobra.Command, id string) (after read.Snapshot, err error) {
	c, err := std.LoadTool(cmd, config.Needs{Temporal: true})
	if err != nil {
		return after, err
	}
	client, err := std.Dial(c, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return after, err
	}
	defer client.Close()
	if err := client.Check(cmd.Context()); err != nil {
		return after, err
	}
	ask := func(ctx context.Context, records orders.Records) (err error) {
		after, err = canceller(c, client, records).Cancel(ctx, id)
		return err
	}
	err = reach.Service(std, cmd, "order",
		func(ctx context.Context, conn grpc.ClientConnInterface) error {
			return ask(ctx, orderrpc.NewClient(conn))
		},
		func(ctx context.Context, o worker.Options) error {
			return worker.With(ctx, o, "order", func(s *registry.Stores) error {
				records, _ := s.Orders().(orders.Records) // the store withdraws choreographed orders too
				return ask(ctx, records)
			})
		})
	if _, unset := errors.AsType[dsn.UnsetError](err); unset { // every order that has a workflow is cancelled there
		err = ask(cmd.Context(), nil)
	}
	return after, err
}

func canceller(c *config.Config, client *engine.Client, records orders.Records) *orders.Client {
	o := orders.DefaultConfig()
	o.Queue, o.Namespace, o.Records, o.QueryTimeout = c.Services.Queues()["order"], client.Namespace, records, queryTimeout
	return orders.New(o, client)
}
