// Package rpc serves the user service, and calls it: see [user.Service].
package rpc

import (
	"context"
	"math"

	"google.golang.org/grpc"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/user"
	pb "github.com/amends/amends/services/user/rpc/userpb"
)

// Register serves s on r.
func Register(r grpc.ServiceRegistrar, s user.Service) {
	pb.RegisterUserServer(r, &server{service: s})
}

type server struct {
	pb.UnimplementedUserServer
	service user.Service
}

// count returns a limit as the contract has it.
func count(limit int) (int32, error) {
	if limit < 0 || limit > math.MaxInt32 {
		return 0, fault.Errorf(fault.Business, fault.Invalid, "a list cannot have %d entries", limit)
	}
	return int32(limit), nil
}

// names refuses ids that are too long to be any.
func names(all ...string) error {
	for _, name := range all {
		if err := wire.Name("id", name); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) ListSigningKeys(ctx context.Context, _ *pb.ListSigningKeysRequest) (*pb.ListSigningKeysResponse, error) {
	keys, err := s.service.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	out := &pb.ListSigningKeysResponse{}
	for _, k := range keys {
		out.Keys = append(out.Keys, &pb.SigningKey{Id: k.ID, Public: k.Key})
	}
	return out, nil
}

func (s *server) ListRevocations(ctx context.Context, in *pb.ListRevocationsRequest) (*pb.ListRevocationsResponse, error) {
	r, err := s.service.Revocations(ctx, in.GetAfter())
	if err != nil {
		return nil, err
	}
	return toRevocations(r), nil
}

func (s *server) CheckSession(ctx context.Context, in *pb.CheckSessionRequest) (*pb.CheckSessionResponse, error) {
	if err := names(in.GetSession()); err != nil {
		return nil, err
	}
	return &pb.CheckSessionResponse{}, s.service.CheckSession(ctx, in.GetSession())
}

func (s *server) CheckKey(ctx context.Context, in *pb.CheckKeyRequest) (*pb.CheckKeyResponse, error) {
	i, err := s.service.CheckKey(ctx, in.GetKey())
	if err != nil {
		return nil, err
	}
	return &pb.CheckKeyResponse{Account: i.Account, Key: i.Key, Scopes: i.Scopes, ExpiresAt: wire.Time(i.Expires)}, nil
}

func (s *server) Register(ctx context.Context, in *pb.RegisterRequest) (*pb.RegisterResponse, error) {
	return &pb.RegisterResponse{}, s.service.Register(ctx, user.Registration{
		Email: in.GetEmail(), Name: in.GetName(), Locale: in.GetLocale(),
	})
}

func (s *server) Confirm(ctx context.Context, in *pb.ConfirmRequest) (*pb.ConfirmResponse, error) {
	c, err := s.service.Confirm(ctx, in.GetToken(), in.GetPassword())
	if err != nil {
		return nil, err
	}
	template, err := templates.Number(c.Template)
	return &pb.ConfirmResponse{Account: c.Account, Template: template}, err
}

func (s *server) LogIn(ctx context.Context, in *pb.LogInRequest) (*pb.LogInResponse, error) {
	t, err := s.service.LogIn(ctx, user.Login{Email: in.GetEmail(), Password: in.GetPassword(), Device: in.GetDevice()})
	if err != nil {
		return nil, err
	}
	return &pb.LogInResponse{Tokens: toTokens(t)}, nil
}

func (s *server) Refresh(ctx context.Context, in *pb.RefreshRequest) (*pb.RefreshResponse, error) {
	t, err := s.service.Refresh(ctx, in.GetToken())
	if err != nil {
		return nil, err
	}
	return &pb.RefreshResponse{Tokens: toTokens(t)}, nil
}

func (s *server) AskReset(ctx context.Context, in *pb.AskResetRequest) (*pb.AskResetResponse, error) {
	return &pb.AskResetResponse{}, s.service.AskReset(ctx, in.GetEmail())
}

func (s *server) Reset(ctx context.Context, in *pb.ResetRequest) (*pb.ResetResponse, error) {
	return &pb.ResetResponse{}, s.service.Reset(ctx, in.GetToken(), in.GetPassword())
}

func (s *server) GetMail(ctx context.Context, in *pb.GetMailRequest) (*pb.GetMailResponse, error) {
	if err := names(in.GetId()); err != nil {
		return nil, err
	}
	m, err := s.service.Mail(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	out, err := toMail(m)
	return &pb.GetMailResponse{Mail: out}, err
}

func (s *server) ListMails(ctx context.Context, in *pb.ListMailsRequest) (*pb.ListMailsResponse, error) {
	all, err := s.service.Mails(ctx, int(in.GetLimit()))
	if err != nil {
		return nil, err
	}
	out, err := wire.Each(all, toMail)
	return &pb.ListMailsResponse{Mails: out}, err
}
