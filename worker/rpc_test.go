package worker

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/participant"
	catalogrpc "github.com/amends/amends/services/catalog/rpc"
)

// TestAGroupAnswersCalls: one listener serves the steps and the methods of all services
// of the process, from before it is ready until its workers have drained.
func TestAGroupAnswersCalls(t *testing.T) {
	t.Parallel()
	o := options(t, "catalog", "inventory", "payment", "shipping")
	require.NoError(t, Migrate(t.Context(), o))
	l, err := process.Listen(t.Context(), "rpc.listen", "127.0.0.1:0")
	require.NoError(t, err)
	o.RPC.Listener = l
	g, err := New(o)
	require.NoError(t, err)
	stop := start(t, g, connect(t, &flickering{}))

	within := rpctest.Context(t)
	for service, step := range map[string]string{
		"inventory": "inventory.reserve", "payment": "payment.authorize", "shipping": "shipping.book",
	} {
		conn, err := rpc.Dial(rpc.DialOptions{Target: l.Addr().String(), Service: service})
		require.NoError(t, err)
		require.NoError(t, participant.NewClient(conn).Undo(within, saga.Key{Saga: "o1", Step: step}))
		require.NoError(t, conn.Close())
	}
	conn, err := rpc.Dial(rpc.DialOptions{Target: l.Addr().String(), Service: "catalog"})
	require.NoError(t, err)
	defer conn.Close()
	_, err = catalogrpc.NewClient(conn).Products(within, "", 10)
	require.NoError(t, err)
	stream, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(within)
	require.NoError(t, err)
	_, err = stream.Recv()
	require.Equal(t, codes.Unimplemented, status.Code(err), "its methods are not listed")

	stop()
	require.ErrorContains(t, participant.NewClient(conn).Undo(within, saga.Key{Saga: "o1", Step: "inventory.reserve"}), "cannot be reached")
}
