// Package orders has the commands about orders: `amends order list` lists them, or those
// that need an operator, show shows one with its saga and invoice its invoice, cancel aborts
// one and erase removes its personal data; place is in package place.
package orders

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/orders/place"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/show/orderview"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/worker/registry"
	"github.com/amends/amends/workflows"
)

// queryTimeout bounds the wait for the answer of an order's workflow.
const queryTimeout = 10 * time.Second

// Order returns `amends order`.
func Order(std cli.Stdio) *cobra.Command {
	cmd := cli.Group("order", "Orders and their sagas")
	cmd.AddCommand(list(std, "list"), showOrder(std), place.Command(std), cancel(std), showInvoice(std), erase(std))
	return cmd
}

// showOrder returns `amends order show`.
func showOrder(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show an order and its saga: steps, undo, holdings",
		Long: "Show an order and its saga: steps, undo, and its holdings by the services' databases. Its workflow is asked, or for a choreographed order, which\n" +
			"has none, the order service. If that does not answer, or the engine has forgotten it, the read model of the\n" +
			"service query." + reach.Naming + reach.Whereabouts,
		Args:              cli.Exactly("order show needs the order's id", 1),
		ValidArgsFunction: reach.CompleteOrder(std),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := std.LoadTool(cmd, config.Needs{Temporal: true})
			if err != nil {
				return err
			}
			client, err := std.Dial(c, slog.New(slog.DiscardHandler), nil)
			if err != nil {
				return err
			}
			defer client.Close()
			id, err := reach.OrderID(std, cmd, args[0])
			if err != nil {
				return err
			}
			view, err := queryOrder(cmd.Context(), client, id)
			if (err != nil || view.Style == order.Choreographed) && cmd.Context().Err() == nil {
				view, err = recordedOrder(std, cmd, id, view, err)
			}
			if err != nil && cmd.Context().Err() == nil {
				view, err = toldOrder(std, cmd, id, err)
			}
			if err != nil {
				return err
			}
			holds := holdingsOf(std, cmd, id)
			if asJSON {
				return show.JSON(std.Out, struct {
					workflows.OrderView
					holdings
				}{view, holds})
			}
			return orderview.WriteHolding(std.Screen(cmd), view, holds.String(), registry.Words())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the order as JSON")
	cli.AddDatabaseFlags(cmd)
	cli.AddEngineFlags(cmd)
	return cmd
}

// goneError is the error of an order that the engine does not know.
type goneError struct{ id string }

// Error implements [error].
func (e goneError) Error() string {
	return fmt.Sprintf("no order %q, or its workflow is past its retention", e.id)
}

// queryOrder queries the order's workflow, which answers until its retention ends.
func queryOrder(ctx context.Context, client *engine.Client, id string) (workflows.OrderView, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	if err := client.Check(ctx); err != nil {
		return workflows.OrderView{}, err
	}
	view, err := orders.New(orders.Config{QueryTimeout: queryTimeout, DataConverter: client.Payloads.Data}, client).Ask(ctx, id)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		return view, goneError{id}
	case err != nil:
		return view, fmt.Errorf("order %q: no worker of the order service answers: %w", id, err)
	}
	return view, nil
}
