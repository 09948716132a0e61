package rpc

import (
	"context"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/user"
	pb "github.com/amends/amends/services/user/rpc/userpb"
)

func (s *server) KeepAct(ctx context.Context, in *pb.KeepActRequest) (*pb.KeepActResponse, error) {
	all := []user.Act{fromAct(in.GetAct())}
	for _, a := range in.GetMore() {
		all = append(all, fromAct(a))
	}
	return &pb.KeepActResponse{}, s.service.Keep(ctx, all...)
}

func (s *server) ListActs(ctx context.Context, in *pb.ListActsRequest) (*pb.ListActsResponse, error) {
	if err := names(in.GetBefore(), in.GetBatch()); err != nil {
		return nil, err
	}
	all, err := s.service.Acts(ctx, in.GetBatch(), in.GetBefore(), int(in.GetLimit()))
	if err != nil {
		return nil, err
	}
	out, err := wire.Each(all, sure(toAct))
	return &pb.ListActsResponse{Acts: out}, err
}

// Keep implements [user.Service].
func (c *Client) Keep(ctx context.Context, acts ...user.Act) error {
	if err := user.ValidateActs(acts); err != nil {
		return err
	}
	more, err := wire.Each(acts[1:], sure(toAct))
	if err != nil {
		return err
	}
	_, err = c.remote.KeepAct(ctx, &pb.KeepActRequest{Act: toAct(acts[0]), More: more})
	return err
}

// Acts implements [user.Service].
func (c *Client) Acts(ctx context.Context, batch, before string, limit int) ([]user.Act, error) {
	n, err := count(limit)
	if err != nil {
		return nil, err
	}
	out, err := c.remote.ListActs(ctx, &pb.ListActsRequest{Before: before, Limit: n, Batch: batch})
	if err != nil {
		return nil, err
	}
	return wire.Each(out.GetActs(), sure(fromAct))
}

func toAct(a user.Act) *pb.Act {
	return &pb.Act{Id: a.ID, At: wire.Time(a.At), By: a.By, About: a.About, Did: a.Did, Reason: a.Reason, Batch: a.Batch}
}

func fromAct(a *pb.Act) user.Act {
	return user.Act{ID: a.GetId(), At: wire.FromTime(a.GetAt()), By: a.GetBy(), About: a.GetAbout(), Did: a.GetDid(), Reason: a.GetReason(), Batch: a.GetBatch()}
}
