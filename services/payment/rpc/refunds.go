package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/payment/refund"
	pb "github.com/amends/amends/services/payment/rpc/paymentpb"
)

func (s *server) ListRefunds(in *pb.ListRefundsRequest, out grpc.ServerStreamingServer[pb.ListRefundsResponse]) error {
	if err := wire.Name("saga", in.GetSaga()); err != nil {
		return err
	}
	all, err := s.service.Refunds(out.Context(), in.GetSaga())
	if err != nil {
		return err
	}
	return wire.SendParts(out, all, toRefund, func(some []*pb.Refund) *pb.ListRefundsResponse { return &pb.ListRefundsResponse{Refunds: some} })
}

// Refunds implements [payment.Direct].
func (c *Client) Refunds(ctx context.Context, saga string) ([]refund.Record, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := c.remote.ListRefunds(ctx, &pb.ListRefundsRequest{Saga: saga})
	if err != nil {
		return nil, err
	}
	return wire.ReceiveParts(in, (*pb.ListRefundsResponse).GetRefunds, fromRefund)
}

var refundStates = wire.Set[refund.State, pb.RefundState]{
	refund.Pending:  pb.RefundState_REFUND_STATE_PENDING,
	refund.Done:     pb.RefundState_REFUND_STATE_DONE,
	refund.Declined: pb.RefundState_REFUND_STATE_DECLINED,
	refund.Blocked:  pb.RefundState_REFUND_STATE_BLOCKED,
}

func toRefund(r refund.Record) (*pb.Refund, error) {
	state, err := refundStates.Number(r.State)
	return &pb.Refund{
		Id: r.ID, State: state, Amount: wire.Amount(r.Amount), Reason: r.Reason, Reference: r.Reference, By: r.By,
		TakeBack: r.TakeBack, DeclineCode: string(r.DeclineCode), CreatedAt: wire.Time(r.CreatedAt), UpdatedAt: wire.Time(r.UpdatedAt),
	}, err
}

func fromRefund(r *pb.Refund) (refund.Record, error) {
	state, err := refundStates.Value(r.GetState())
	return refund.Record{
		Note: refund.Note{
			ID: r.GetId(), Reason: r.GetReason(), Reference: r.GetReference(), By: r.GetBy(), TakeBack: r.GetTakeBack(),
		},
		State: state, Amount: wire.FromAmount(r.GetAmount()), DeclineCode: fault.Code(r.GetDeclineCode()),
		CreatedAt: wire.FromTime(r.GetCreatedAt()), UpdatedAt: wire.FromTime(r.GetUpdatedAt()),
	}, err
}
