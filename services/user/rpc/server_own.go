package rpc

import (
	"context"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/user"
	pb "github.com/amends/amends/services/user/rpc/userpb"
)

func (s *server) GetAccount(ctx context.Context, in *pb.GetAccountRequest) (*pb.GetAccountResponse, error) {
	if err := names(in.GetAccount()); err != nil {
		return nil, err
	}
	out, err := shown(s.service.Account(ctx, in.GetAccount()))
	return &pb.GetAccountResponse{Account: out}, err
}

// shown returns an account as the contract has it.
func shown(a user.Account, err error) (*pb.Account, error) {
	if err != nil {
		return nil, err
	}
	return toAccount(a)
}

func (s *server) FindAccount(ctx context.Context, in *pb.FindAccountRequest) (*pb.FindAccountResponse, error) {
	out, err := shown(s.service.Find(ctx, in.GetEmail()))
	return &pb.FindAccountResponse{Account: out}, err
}

func (s *server) ChangeProfile(ctx context.Context, in *pb.ChangeProfileRequest) (*pb.ChangeProfileResponse, error) {
	if err := names(in.GetAccount()); err != nil {
		return nil, err
	}
	change := user.Change{Name: in.Name, Locale: in.Locale}
	if in.GetPreferences() != nil {
		all, err := fromPreferences(in.GetPreferences().GetAll())
		if err != nil {
			return nil, err
		}
		change.Preferences = &all
	}
	out, err := shown(s.service.Change(ctx, in.GetAccount(), change))
	return &pb.ChangeProfileResponse{Account: out}, err
}

func (s *server) ListSessions(ctx context.Context, in *pb.ListSessionsRequest) (*pb.ListSessionsResponse, error) {
	if err := names(in.GetAccount()); err != nil {
		return nil, err
	}
	all, err := s.service.Sessions(ctx, in.GetAccount())
	if err != nil {
		return nil, err
	}
	out, err := wire.Each(all, sure(toSession))
	return &pb.ListSessionsResponse{Sessions: out}, err
}

func (s *server) LogOut(ctx context.Context, in *pb.LogOutRequest) (*pb.LogOutResponse, error) {
	if err := names(in.GetAccount(), in.GetSession()); err != nil {
		return nil, err
	}
	return &pb.LogOutResponse{}, s.service.LogOut(ctx, in.GetAccount(), in.GetSession())
}

func (s *server) ChangePassword(ctx context.Context, in *pb.ChangePasswordRequest) (*pb.ChangePasswordResponse, error) {
	if err := names(in.GetAccount(), in.GetSession()); err != nil {
		return nil, err
	}
	return &pb.ChangePasswordResponse{}, s.service.ChangePassword(ctx, user.PasswordChange{
		Account: in.GetAccount(), Session: in.GetSession(), Old: in.GetOld(), New: in.GetNew(),
	})
}

func (s *server) ChangeEmail(ctx context.Context, in *pb.ChangeEmailRequest) (*pb.ChangeEmailResponse, error) {
	if err := names(in.GetAccount(), in.GetSession()); err != nil {
		return nil, err
	}
	return &pb.ChangeEmailResponse{}, s.service.ChangeEmail(ctx, user.EmailChange{
		Account: in.GetAccount(), Session: in.GetSession(), Password: in.GetPassword(), Email: in.GetEmail(),
	})
}

func (s *server) ListDeliveries(ctx context.Context, in *pb.ListDeliveriesRequest) (*pb.ListDeliveriesResponse, error) {
	if err := names(in.GetAccount()); err != nil {
		return nil, err
	}
	all, err := s.service.Deliveries(ctx, in.GetAccount())
	if err != nil {
		return nil, err
	}
	out, err := wire.Each(all, sure(toDelivery))
	return &pb.ListDeliveriesResponse{Deliveries: out}, err
}

func (s *server) PutDelivery(ctx context.Context, in *pb.PutDeliveryRequest) (*pb.PutDeliveryResponse, error) {
	if err := names(in.GetAccount(), in.GetDelivery().GetId()); err != nil {
		return nil, err
	}
	d, err := s.service.PutDelivery(ctx, in.GetAccount(), fromDelivery(in.GetDelivery()))
	if err != nil {
		return nil, err
	}
	return &pb.PutDeliveryResponse{Delivery: toDelivery(d)}, nil
}

func (s *server) RemoveDelivery(ctx context.Context, in *pb.RemoveDeliveryRequest) (*pb.RemoveDeliveryResponse, error) {
	if err := names(in.GetAccount(), in.GetId()); err != nil {
		return nil, err
	}
	return &pb.RemoveDeliveryResponse{}, s.service.RemoveDelivery(ctx, in.GetAccount(), in.GetId())
}

func (s *server) ListKeys(ctx context.Context, in *pb.ListKeysRequest) (*pb.ListKeysResponse, error) {
	if err := names(in.GetAccount()); err != nil {
		return nil, err
	}
	all, err := s.service.Keys(ctx, in.GetAccount())
	if err != nil {
		return nil, err
	}
	out, err := wire.Each(all, sure(toKey))
	return &pb.ListKeysResponse{Keys: out}, err
}

func (s *server) CreateKey(ctx context.Context, in *pb.CreateKeyRequest) (*pb.CreateKeyResponse, error) {
	if err := names(in.GetAccount()); err != nil {
		return nil, err
	}
	k, secret, err := s.service.CreateKey(ctx, user.NewKey{
		Account: in.GetAccount(), Name: in.GetName(), Scopes: in.GetScopes(), Expires: wire.FromTime(in.GetExpiresAt()), By: in.GetBy(),
	})
	if err != nil {
		return nil, err
	}
	return &pb.CreateKeyResponse{Key: toKey(k), Secret: secret}, nil
}

func (s *server) RevokeKey(ctx context.Context, in *pb.RevokeKeyRequest) (*pb.RevokeKeyResponse, error) {
	if err := names(in.GetAccount(), in.GetId(), in.GetBy()); err != nil {
		return nil, err
	}
	return &pb.RevokeKeyResponse{}, s.service.RevokeKey(ctx, in.GetAccount(), in.GetId(), in.GetBy())
}

func (s *server) Erase(ctx context.Context, in *pb.EraseRequest) (*pb.EraseResponse, error) {
	if err := names(in.GetAccount(), in.GetSession()); err != nil {
		return nil, err
	}
	return &pb.EraseResponse{}, s.service.Erase(ctx, in.GetAccount(), in.GetSession(), in.GetPassword())
}

func (s *server) Create(ctx context.Context, in *pb.CreateRequest) (*pb.CreateResponse, error) {
	role, err := roles.Value(in.GetRole())
	if err != nil {
		return nil, err
	}
	out, err := shown(s.service.Create(ctx, user.Registration{
		Email: in.GetEmail(), Password: in.GetPassword(), Name: in.GetName(), Locale: in.GetLocale(),
	}, role, in.GetBy()))
	return &pb.CreateResponse{Account: out}, err
}

func (s *server) SetRole(ctx context.Context, in *pb.SetRoleRequest) (*pb.SetRoleResponse, error) {
	role, err := roles.Value(in.GetRole())
	if err != nil {
		return nil, err
	}
	out, err := shown(s.service.SetRole(ctx, fromDecision(in.GetDecision()), role))
	return &pb.SetRoleResponse{Account: out}, err
}

func (s *server) Lock(ctx context.Context, in *pb.LockRequest) (*pb.LockResponse, error) {
	out, err := shown(s.service.Lock(ctx, fromDecision(in.GetDecision())))
	return &pb.LockResponse{Account: out}, err
}

func (s *server) EraseAccount(ctx context.Context, in *pb.EraseAccountRequest) (*pb.EraseAccountResponse, error) {
	return &pb.EraseAccountResponse{}, s.service.EraseAccount(ctx, fromDecision(in.GetDecision()))
}

func (s *server) Unlock(ctx context.Context, in *pb.UnlockRequest) (*pb.UnlockResponse, error) {
	out, err := shown(s.service.Unlock(ctx, fromDecision(in.GetDecision())))
	return &pb.UnlockResponse{Account: out}, err
}

func (s *server) ListRecords(ctx context.Context, in *pb.ListRecordsRequest) (*pb.ListRecordsResponse, error) {
	if err := names(in.GetAccount(), in.GetBefore()); err != nil {
		return nil, err
	}
	all, err := s.service.Records(ctx, in.GetAccount(), in.GetBefore(), int(in.GetLimit()))
	if err != nil {
		return nil, err
	}
	out, err := wire.Each(all, toRecord)
	return &pb.ListRecordsResponse{Records: out}, err
}
