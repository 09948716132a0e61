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

// guardStream is translate and requireDeadline for a call with a stream.
func guardStream(log *slog.Logger) grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, call *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		if !ours(call.FullMethod) {
			return next(server, stream)
		}
		about := &grpc.UnaryServerInfo{FullMethod: call.FullMethod}
		_, err := translate(log)(stream.Context(), nil, about, func(ctx context.Context, _ any) (any, error) {
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
