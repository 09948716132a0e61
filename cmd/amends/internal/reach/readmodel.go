package reach

import (
	"context"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/services/query"
	queryrpc "github.com/amends/amends/services/query/rpc"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
)

// ReadModel calls f with the read model.
func ReadModel(std cli.Stdio, cmd *cobra.Command, f func(context.Context, query.Service) error) error {
	const service = "query"
	return Service(std, cmd, service,
		func(ctx context.Context, conn grpc.ClientConnInterface) error {
			return f(ctx, queryrpc.NewClient(conn))
		},
		func(ctx context.Context, o worker.Options) error {
			return worker.With(ctx, o, service, func(s *registry.Stores) error { return f(ctx, s.ReadModel()) })
		})
}
