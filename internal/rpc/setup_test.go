package rpc_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/amends/amends/internal/rpc"
)

// The contract of these tests: a method that may be repeated, one that may not, and a
// stream that says it may.
const (
	testService = "amends.rpctest.v1.Test"
	ask         = "/" + testService + "/Ask"
	act         = "/" + testService + "/Act"
	read        = "/" + testService + "/Read"
)

func init() {
	method := func(name string, level descriptorpb.MethodOptions_IdempotencyLevel) *descriptorpb.MethodDescriptorProto {
		text := new(".google.protobuf.StringValue")
		return &descriptorpb.MethodDescriptorProto{
			Name: new(name), InputType: text, OutputType: text, Options: &descriptorpb.MethodOptions{IdempotencyLevel: &level},
		}
	}
	stream := method("Read", descriptorpb.MethodOptions_IDEMPOTENT)
	stream.ServerStreaming = new(true)
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: new("amends/rpctest.proto"), Package: new("amends.rpctest.v1"), Syntax: new("proto3"),
		Dependency: []string{"google/protobuf/wrappers.proto"},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: new("Test"), Method: []*descriptorpb.MethodDescriptorProto{
			method("Ask", descriptorpb.MethodOptions_IDEMPOTENT), method("Act", descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN), stream,
		}}},
	}, protoregistry.GlobalFiles)
	if err == nil {
		err = protoregistry.GlobalFiles.RegisterFile(file)
	}
	if err != nil {
		panic(err)
	}
}

// method is the body of all methods; of the stream it is the one part.
type method func(ctx context.Context, in string) (string, error)

func (m method) desc() *grpc.ServiceDesc {
	handler := func(name string) grpc.MethodDesc {
		return grpc.MethodDesc{MethodName: name, Handler: func(_ any, ctx context.Context, decode func(any) error, around grpc.UnaryServerInterceptor) (any, error) {
			in := &wrapperspb.StringValue{}
			if err := decode(in); err != nil {
				return nil, err
			}
			return around(ctx, in, &grpc.UnaryServerInfo{FullMethod: "/" + testService + "/" + name}, func(ctx context.Context, in any) (any, error) {
				text, ok := in.(*wrapperspb.StringValue)
				if !ok {
					return nil, fmt.Errorf("the request is a %T", in)
				}
				out, err := m(ctx, text.GetValue())
				return wrapperspb.String(out), err
			})
		}}
	}
	stream := grpc.StreamDesc{StreamName: "Read", ServerStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
		in := &wrapperspb.StringValue{}
		if err := s.RecvMsg(in); err != nil {
			return err
		}
		out, err := m(s.Context(), in.GetValue())
		if err != nil {
			return err
		}
		return s.SendMsg(wrapperspb.String(out))
	}}
	return &grpc.ServiceDesc{ServiceName: testService, Methods: []grpc.MethodDesc{handler("Ask"), handler("Act")}, Streams: []grpc.StreamDesc{stream}}
}

// serve runs a server of m until the test ends. It returns its address, and stop, which
// drains it and returns the result.
func serve(tb testing.TB, m method, o rpc.ServerOptions, drain time.Duration) (addr string, stop func() error) {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	return l.Addr().String(), serveOn(tb, l, m, o, drain)
}

func serveOn(tb testing.TB, l net.Listener, m method, o rpc.ServerOptions, drain time.Duration) (stop func() error) {
	tb.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := rpc.NewServer(o)
	s.RegisterService(m.desc(), nil)
	s.Healthy("test")
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	ended := make(chan struct{})
	var result error
	go func() {
		defer close(ended)
		result = s.Serve(ctx, l, drain)
	}()
	stop = func() error {
		cancel()
		<-ended
		return result
	}
	tb.Cleanup(func() { _ = stop() })
	return stop
}

// dial returns a connection that ends with the test.
func dial(tb testing.TB, o rpc.DialOptions) *grpc.ClientConn {
	tb.Helper()
	conn, err := rpc.Dial(o)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

// patience is the deadline of a call that is expected to be answered.
const patience = time.Minute

// call calls a method with this much time.
func call(tb testing.TB, conn grpc.ClientConnInterface, method, in string, within time.Duration) (string, error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), within)
	defer cancel()
	out := &wrapperspb.StringValue{}
	if method == read {
		err := receive(ctx, conn, in, out)
		return out.GetValue(), err
	}
	err := conn.Invoke(ctx, method, wrapperspb.String(in), out)
	return out.GetValue(), err
}

// receive reads the first part of the stream.
func receive(ctx context.Context, conn grpc.ClientConnInterface, in string, out *wrapperspb.StringValue) error {
	s, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, read)
	if err != nil {
		return err
	}
	if err := s.SendMsg(wrapperspb.String(in)); err != nil {
		return err
	}
	if err := s.CloseSend(); err != nil {
		return err
	}
	return s.RecvMsg(out)
}

// connect serves m and returns a connection to it.
func connect(tb testing.TB, m method) *grpc.ClientConn {
	tb.Helper()
	addr, _ := serve(tb, m, rpc.ServerOptions{}, patience)
	return dial(tb, rpc.DialOptions{Target: addr, Service: "test"})
}
