package rpc

import (
	"context"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	pb "github.com/amends/amends/services/order/rpc/orderpb"
)

// Repair implements [course.Repairs].
func (c *Client) Repair(ctx context.Context, id string, q ledger.Repair) (order.Record, error) {
	out, err := c.remote.RepairOrder(ctx, &pb.RepairOrderRequest{Id: id, Repair: toRepair(q)})
	if err != nil {
		return order.Record{}, err
	}
	return fromRecord(out.GetRecord())
}

// RepairOrder implements [pb.OrderServer].
func (s *server) RepairOrder(ctx context.Context, in *pb.RepairOrderRequest) (*pb.RepairOrderResponse, error) {
	if err := wire.Name("id", in.GetId()); err != nil {
		return nil, err
	}
	r, err := s.service.Repair(ctx, in.GetId(), fromRepair(in.GetRepair()))
	if err != nil {
		return nil, err
	}
	record, err := toRecord(r)
	return &pb.RepairOrderResponse{Record: record}, err
}

func toRepair(p ledger.Repair) *pb.Repair {
	return &pb.Repair{
		Step: p.Step, Action: string(p.Action), Reason: p.Reason, Operator: p.Operator, Reference: p.Reference,
		At: wire.Time(p.At), Saga: p.Saga, Request: p.Request,
	}
}

func fromRepair(p *pb.Repair) ledger.Repair {
	return ledger.Repair{
		Step: p.GetStep(), Action: ledger.Action(p.GetAction()), Reason: p.GetReason(), Operator: p.GetOperator(), Reference: p.GetReference(),
		At: wire.FromTime(p.GetAt()), Saga: p.GetSaga(), Request: p.GetRequest(),
	}
}
