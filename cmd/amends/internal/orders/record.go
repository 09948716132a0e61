package orders

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/services/order"
	orderrpc "github.com/amends/amends/services/order/rpc"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
	"github.com/amends/amends/workflows"
)

// readRecord asks the order service for the record of an order.
func readRecord(std cli.Stdio, cmd *cobra.Command, id string) (rec order.Record, err error) {
	get := func(ctx context.Context, o order.Direct) (err error) {
		rec, err = o.Get(ctx, id)
		return err
	}
	err = reach.Service(std, cmd, "order",
		func(ctx context.Context, conn grpc.ClientConnInterface) error {
			return get(ctx, orderrpc.NewClient(conn))
		},
		func(ctx context.Context, o worker.Options) error {
			return worker.With(ctx, o, "order", func(s *registry.Stores) error { return get(ctx, s.Orders()) })
		})
	return rec, err
}

// recordedOrder returns a choreographed order as its record has it, and an undecided one whose
// workflow is gone, flagged for that. Of any other order, and if the order service cannot be
// asked, the answer of the workflow stays.
func recordedOrder(std cli.Stdio, cmd *cobra.Command, id string, answer workflows.OrderView, failed error) (workflows.OrderView, error) {
	rec, err := readRecord(std, cmd, id)
	if err != nil {
		return answer, failed
	}
	_, gone := errors.AsType[goneError](failed)
	if rec.Style() != order.Choreographed && (!gone || rec.Status != order.Pending) {
		return answer, failed
	}
	found, err := read.Forgotten(rec)
	return found.OrderView, err
}
