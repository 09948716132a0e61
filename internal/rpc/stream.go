package rpc

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/fault"
)

// ours reports whether a method is of the project's contracts, and not of the library:
// the streams of health and reflection last as long as their client.
func ours(method string) bool { return strings.HasPrefix(method, "/"+contracts) }

// stoppingKey is that of the context that ends when the server begins to stop.
type stoppingKey struct{}

// UntilStop returns a context that ends with ctx, which is that of a call, or when the server
// that answers it begins to stop: a call that waits, or a stream that has no end of its own,
// would keep the server for the whole drain time. The cause is then a fault of kind transient
// with code UNAVAILABLE. The caller must call cancel.
func UntilStop(ctx context.Context) (until context.Context, cancel context.CancelFunc) {
	until, end := context.WithCancelCause(ctx)
	stopping, ok := ctx.Value(stoppingKey{}).(context.Context)
	if !ok {
		return until, func() { end(nil) }
	}
	off := context.AfterFunc(stopping, func() {
		end(fault.Errorf(fault.Transient, fault.Unavailable, "the server stops"))
	})
	return until, func() { off(); end(nil) }
}

// guardStream is translate and requireDeadline for a call with a stream.
func guardStream(stopping context.Context, log *slog.Logger) grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, call *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		if !ours(call.FullMethod) {
			return next(server, stream)
		}
		about := &grpc.UnaryServerInfo{FullMethod: call.FullMethod}
		_, err := translate(stopping, log)(stream.Context(), nil, about, func(ctx context.Context, _ any) (any, error) { //nolint:contextcheck // stopping is not its parent
			if err := hasDeadline(ctx, call.FullMethod); err != nil {
				return nil, err
			}
			return nil, next(server, within{stream, ctx})
		})
		return err
	}
}

// enterStream is [enter] for a call with a stream.
func enterStream(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	_, err := enter(stream.Context(), nil, nil, func(context.Context, any) (any, error) { return nil, next(server, stream) })
	return err
}

// within is a stream with another context.
type within struct {
	grpc.ServerStream

	ctx context.Context //nolint:containedctx // a stream has its context
}

// Context implements [grpc.ServerStream].
func (w within) Context() context.Context { return w.ctx }

// answerStream is [answer] for a call with a stream. Such a call is never repeated.
func answerStream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	if !ours(method) {
		return open(ctx, desc, conn, method, options...)
	}
	if err := hasDeadline(ctx, method); err != nil {
		return nil, err
	}
	s, err := open(ctx, desc, conn, method, options...)
	if err != nil {
		return nil, streamFault(err, false)
	}
	return &stream{s}, nil
}

// stream makes a fault of every failure.
type stream struct{ grpc.ClientStream }

// SendMsg implements [grpc.ClientStream]. Its io.EOF means that RecvMsg has the error.
func (s *stream) SendMsg(m any) error { return streamFault(s.ClientStream.SendMsg(m), true) }

// RecvMsg implements [grpc.ClientStream].
func (s *stream) RecvMsg(m any) error { return streamFault(s.ClientStream.RecvMsg(m), true) }

func streamFault(err error, sent bool) error {
	f := new(fault.Error)
	if err == nil || errors.Is(err, io.EOF) || errors.As(err, &f) {
		return err
	}
	if told := answered(status.Convert(err)); told != nil {
		return told
	}
	return unanswered(err, sent)
}
