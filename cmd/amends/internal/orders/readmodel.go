package orders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/cmd/amends/internal/reach"
	"github.com/amends/amends/internal/orders/lookup"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/workflows"
)

// toldOrder returns an order of the read model, for when its workflow does not answer, and
// says on the error stream why and how old it is. Otherwise it returns the workflow's
// failure.
func toldOrder(std cli.Stdio, cmd *cobra.Command, id string, failed error) (workflows.OrderView, error) {
	var found query.Found
	err := reach.ReadModel(std, cmd, func(ctx context.Context, q query.Service) (err error) {
		found, err = q.Order(ctx, id)
		return err
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
