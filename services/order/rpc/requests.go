package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/order"
	pb "github.com/amends/amends/services/order/rpc/orderpb"
)

// Place implements [course.Requests].
func (c *Client) Place(ctx context.Context, id string, p order.Placement, decideAfter time.Duration) (order.Record, error) {
	out, err := c.remote.Create(ctx, &pb.CreateRequest{
		Id: id, Placement: toPlacement(p), ShipTo: toAddress(p.ShipTo), PaymentToken: p.PaymentToken, DecideAfter: durationpb.New(decideAfter),
	})
	if err != nil {
		return order.Record{}, err
	}
	return fromRecord(out.GetRecord())
}

// Withdraw implements [course.Requests].
func (c *Client) Withdraw(ctx context.Context, id string) (order.Record, error) {
	out, err := c.remote.Withdraw(ctx, &pb.WithdrawRequest{Id: id})
	if err != nil {
		return order.Record{}, err
	}
	return fromRecord(out.GetRecord())
}

func (s *server) Create(ctx context.Context, in *pb.CreateRequest) (*pb.CreateResponse, error) {
	if err := errors.Join(wire.Name("id", in.GetId()), in.GetDecideAfter().CheckValid()); err != nil {
		return nil, fault.Wrap(err, fault.Business, fault.Invalid, "a placement has an id, and a time to decide in")
	}
	p := fromPlacement(in.GetPlacement())
	p.ShipTo, p.PaymentToken = fromAddress(in.GetShipTo()), in.GetPaymentToken()
	r, err := s.service.Place(ctx, in.GetId(), p, in.GetDecideAfter().AsDuration())
	if err != nil {
		return nil, err
	}
	record, err := toRecord(r)
	return &pb.CreateResponse{Record: record}, err
}

func (s *server) Withdraw(ctx context.Context, in *pb.WithdrawRequest) (*pb.WithdrawResponse, error) {
	if err := wire.Name("id", in.GetId()); err != nil {
		return nil, err
	}
	r, err := s.service.Withdraw(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	record, err := toRecord(r)
	return &pb.WithdrawResponse{Record: record}, err
}

// toCourse returns the course of an order as it is stored, nil for none.
func toCourse(c *order.Course) ([]byte, error) {
	if c == nil {
		return nil, nil
	}
	data, err := json.Marshal(c)
	if err != nil {
		return nil, fault.Errorf(fault.Bug, fault.Internal, "encode the course of an order: %w", err)
	}
	return data, nil
}

// fromCourse is the inverse of toCourse.
func fromCourse(data []byte) (*order.Course, error) {
	if len(data) == 0 {
		return nil, nil //nolint:nilnil // no order of another style has one
	}
	c := new(order.Course)
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fault.Errorf(fault.Bug, fault.Internal, "read the course of an order: %w", err)
	}
	return c, nil
}
