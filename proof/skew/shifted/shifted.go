// Package shifted is a proxy of an engine whose clock seems to be off: a process that connects
// through it is one whose host has a wrong clock.
package shifted

import (
	"context"
	"net"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/proxy"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Engine starts a proxy of the engine at an address, until the end of the test, and returns
// the proxy's address. To its clients the engine's clock seems to be ahead: the proxy moves
// every time in answers, and moves the times in requests back.
func Engine(tb testing.TB, address string, ahead time.Duration) string {
	tb.Helper()
	upstream, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, upstream.Close()) })
	service, err := proxy.NewWorkflowServiceProxyServer(proxy.WorkflowServiceProxyOptions{Client: workflowservice.NewWorkflowServiceClient(upstream)})
	require.NoError(tb, err)
	alive := health.NewServer()
	alive.SetServingStatus(workflowservice.WorkflowService_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)

	server := grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		move(request, -ahead)
		answer, err := handle(ctx, request)
		if err == nil {
			move(answer, ahead)
		}
		return answer, err
	}))
	workflowservice.RegisterWorkflowServiceServer(server, service)
	healthpb.RegisterHealthServer(server, alive)
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	go server.Serve(listener) //nolint:errcheck // until it is stopped
	tb.Cleanup(server.Stop)
	return listener.Addr().String()
}

// inQuery matches a time in the query of a list.
var inQuery = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`)

// move moves every time in a message.
func move(message any, by time.Duration) {
	if list, ok := message.(*workflowservice.ListWorkflowExecutionsRequest); ok {
		list.Query = inQuery.ReplaceAllStringFunc(list.GetQuery(), func(s string) string {
			at, err := time.Parse(time.RFC3339Nano, s)
			if err != nil {
				return s
			}
			return at.Add(by).Format(time.RFC3339Nano)
		})
	}
	if m, ok := message.(proto.Message); ok {
		moveIn(m.ProtoReflect(), by)
	}
}

func moveIn(m protoreflect.Message, by time.Duration) {
	if at, ok := m.Interface().(*timestamppb.Timestamp); ok {
		if at.GetSeconds() > 0 { // not a time that stands for none
			moved := timestamppb.New(at.AsTime().Add(by))
			at.Seconds, at.Nanos = moved.GetSeconds(), moved.GetNanos()
		}
		return
	}
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsMap() && field.MapValue().Message() != nil:
			value.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				moveIn(v.Message(), by)
				return true
			})
		case field.IsMap() || field.Message() == nil:
		case field.IsList():
			for i := range value.List().Len() {
				moveIn(value.List().Get(i).Message(), by)
			}
		default:
			moveIn(value.Message(), by)
		}
		return true
	})
}
