// Package rpc serves package retry to other processes, and calls it there.
package rpc

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	"github.com/amends/amends/event/inbox/retry"
	pb "github.com/amends/amends/event/inbox/retry/rpc/retrypb"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/rpc/wire"
)

// Register serves the letters of groups on r, by their names.
func Register(r grpc.ServiceRegistrar, groups map[string]retry.Retrier) {
	pb.RegisterLettersServer(r, &server{groups: groups})
}

type server struct {
	pb.UnimplementedLettersServer
	groups map[string]retry.Retrier
}

// Retry implements [pb.LettersServer].
func (s *server) Retry(ctx context.Context, in *pb.RetryRequest) (*pb.RetryResponse, error) {
	if err := errors.Join(wire.Name("key", in.GetKey()), wire.Name("group", in.GetGroup())); err != nil {
		return nil, err
	}
	again, known := s.groups[in.GetGroup()]
	if !known {
		return nil, fault.Errorf(fault.Business, fault.NotFound, "the service %.32q does not listen here", in.GetGroup())
	}
	r := retry.Request{Group: in.GetGroup(), Key: in.GetKey(), Reason: in.GetReason(), Operator: in.GetOperator()}
	return &pb.RetryResponse{}, again(ctx, r)
}

// NewClient returns the letters of the group that listens in the process on conn. Every call
// needs a deadline.
func NewClient(conn grpc.ClientConnInterface) retry.Retrier {
	remote := pb.NewLettersClient(conn)
	return func(ctx context.Context, r retry.Request) error {
		_, err := remote.Retry(ctx, &pb.RetryRequest{Group: r.Group, Key: r.Key, Reason: r.Reason, Operator: r.Operator})
		return err //nolint:wrapcheck // a fault
	}
}
