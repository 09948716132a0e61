package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/order"
	pb "github.com/amends/amends/services/order/rpc/orderpb"
)

func (s *server) ListRefunds(in *pb.ListRefundsRequest, out grpc.ServerStreamingServer[pb.ListRefundsResponse]) error {
	if err := wire.Name("id", in.GetId()); err != nil {
		return err
	}
	all, err := s.service.Refunds(out.Context(), in.GetId())
	if err != nil {
		return err
	}
	return wire.SendParts(out, all, toRefund, func(some []*pb.Refund) *pb.ListRefundsResponse { return &pb.ListRefundsResponse{Refunds: some} })
}

// Refunds implements [order.Direct].
func (c *Client) Refunds(ctx context.Context, id string) ([]order.Refund, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := c.remote.ListRefunds(ctx, &pb.ListRefundsRequest{Id: id})
	if err != nil {
		return nil, err
	}
	return wire.ReceiveParts(in, (*pb.ListRefundsResponse).GetRefunds, func(r *pb.Refund) (order.Refund, error) { return fromRefund(id, r) })
}

var refundStatuses = wire.Set[order.RefundStatus, pb.RefundStatus]{
	order.RefundPending: pb.RefundStatus_REFUND_STATUS_PENDING,
	order.RefundDone:    pb.RefundStatus_REFUND_STATUS_DONE,
	order.RefundRefused: pb.RefundStatus_REFUND_STATUS_REFUSED,
}

func toRefund(r order.Refund) (*pb.Refund, error) {
	status, err := refundStatuses.Number(r.Status)
	return &pb.Refund{
		Id: r.ID, Number: int64(r.Number), Amount: wire.Amount(r.Amount), TakeBack: r.TakeBack, Status: status,
		OpenedAt: wire.Time(r.At), NotedAt: wire.Time(r.NotedAt), ClosedAt: wire.Time(r.ClosedAt),
	}, err
}

func fromRefund(id string, r *pb.Refund) (order.Refund, error) {
	status, err := refundStatuses.Value(r.GetStatus())
	return order.Refund{
		OrderID: id, Number: int(r.GetNumber()), Status: status, NotedAt: wire.FromTime(r.GetNotedAt()), ClosedAt: wire.FromTime(r.GetClosedAt()),
		Opening: order.RefundOpening{
			ID: r.GetId(), Amount: wire.FromAmount(r.GetAmount()), TakeBack: r.GetTakeBack(), At: wire.FromTime(r.GetOpenedAt()),
		},
	}, err
}
