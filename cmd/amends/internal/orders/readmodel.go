package orders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/internal/orders/lookup"
	"github.com/amends/amends/services/query"
	queryrpc "github.com/amends/amends/services/query/rpc"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
	"github.com/amends/amends/workflows"
)

// toldOrder returns an order of the read model, for when its workflow does not answer, and
// says on the error stream why and how old it is. Otherwise it returns the workflow's
// failure.
func toldOrder(std cli.Stdio, cmd *cobra.Command, id string, failed error) (workflows.OrderView, error) {
	const service = "query"
	var found query.Found
	err := reach.Service(std, cmd, service,
		func(ctx context.Context, conn grpc.ClientConnInterface) (err error) {
			found, err = queryrpc.NewClient(conn).Order(ctx, id)
			return err
		},
		func(ctx context.Context, o worker.Options) error {
			return worker.With(ctx, o, service, func(s *registry.Stores) (err error) {
				found, err = s.ReadModel().Order(ctx, id)
				return err
			})
		})
	if _, unset := errors.AsType[dsn.UnsetError](err); unset {
		return workflows.OrderView{}, failed // no setting says where the read model is
	}
	if err != nil {
		return workflows.OrderView{}, fmt.Errorf("%w; and the read model: %w", failed, err)
	}
	age := "of an unknown time"
	if !found.AsOf.IsZero() {
		age = "as of " + found.AsOf.UTC().Format(time.RFC3339)
	}
	if _, err := fmt.Fprintf(std.Err, "%v: this is the order of the read model, %s, without the operators' words\n", failed, age); err != nil {
		return workflows.OrderView{}, fmt.Errorf("write: %w", err)
	}
	return lookup.Snapshot(found).OrderView, nil
}
