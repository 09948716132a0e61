// Package rpc serves the support service, and calls it: see [support.Service].
package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/support"
	pb "github.com/amends/amends/services/support/rpc/supportpb"
)

// Register serves s on r.
func Register(r grpc.ServiceRegistrar, s support.Service) {
	pb.RegisterSupportServer(r, &server{service: s})
}

type server struct {
	pb.UnimplementedSupportServer
	service support.Service
}

func (s *server) OpenCase(ctx context.Context, in *pb.OpenCaseRequest) (*pb.OpenCaseResponse, error) {
	by, err := fromAuthor(in.GetAuthor())
	if err != nil {
		return nil, err
	}
	out, err := shown(s.service.Open(ctx, support.Opening{
		Order: in.GetOrder(), Key: in.GetKey(), Author: by, Subject: in.GetSubject(), Text: in.GetText(),
	}))
	return &pb.OpenCaseResponse{Case: out}, err
}

func (s *server) GetCase(ctx context.Context, in *pb.GetCaseRequest) (*pb.GetCaseResponse, error) {
	out, err := shown(s.service.Get(ctx, in.GetCase(), in.GetOrder()))
	return &pb.GetCaseResponse{Case: out}, err
}

func (s *server) ListOrderCases(ctx context.Context, in *pb.ListOrderCasesRequest) (*pb.ListOrderCasesResponse, error) {
	out, err := listed(s.service.OfOrder(ctx, in.GetOrder()))
	return &pb.ListOrderCasesResponse{Cases: out}, err
}

func (s *server) ListCases(ctx context.Context, in *pb.ListCasesRequest) (*pb.ListCasesResponse, error) {
	state, err := states.Value(in.GetState())
	if err != nil {
		return nil, err
	}
	out, err := listed(s.service.List(ctx, support.Filter{
		State: state, Assignee: in.GetAssignee(), After: in.GetAfter(), Limit: int(in.GetLimit()),
	}))
	return &pb.ListCasesResponse{Cases: out}, err
}

func (s *server) AnswerCase(ctx context.Context, in *pb.AnswerCaseRequest) (*pb.AnswerCaseResponse, error) {
	c, err := fromCommand(in.GetCommand())
	if err != nil {
		return nil, err
	}
	out, err := shown(s.service.Answer(ctx, c, in.GetText()))
	return &pb.AnswerCaseResponse{Case: out}, err
}

func (s *server) AssignCase(ctx context.Context, in *pb.AssignCaseRequest) (*pb.AssignCaseResponse, error) {
	c, err := fromCommand(in.GetCommand())
	if err != nil {
		return nil, err
	}
	out, err := shown(s.service.Assign(ctx, c, in.GetAssignee()))
	return &pb.AssignCaseResponse{Case: out}, err
}

func (s *server) CloseCase(ctx context.Context, in *pb.CloseCaseRequest) (*pb.CloseCaseResponse, error) {
	c, err := fromCommand(in.GetCommand())
	if err != nil {
		return nil, err
	}
	out, err := shown(s.service.Close(ctx, c))
	return &pb.CloseCaseResponse{Case: out}, err
}

// shown returns a case as the contract has it.
func shown(c support.Case, err error) (*pb.Case, error) {
	if err != nil {
		return nil, err
	}
	return toCase(c)
}

// listed is shown of a list.
func listed(all []support.Case, err error) ([]*pb.Case, error) {
	if err != nil {
		return nil, err
	}
	return wire.Each(all, toCase)
}
