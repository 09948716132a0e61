package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/payment/posting"
	pb "github.com/amends/amends/services/payment/rpc/paymentpb"
)

func (s *server) ListPostings(in *pb.ListPostingsRequest, out grpc.ServerStreamingServer[pb.ListPostingsResponse]) error {
	if err := wire.Name("saga", in.GetSaga()); err != nil {
		return err
	}
	all, err := s.service.Postings(out.Context(), in.GetSaga())
	if err != nil {
		return err
	}
	return wire.SendParts(out, all, toSet, func(some []*pb.PostingSet) *pb.ListPostingsResponse { return &pb.ListPostingsResponse{Sets: some} })
}

// Postings implements [payment.Direct].
func (c *Client) Postings(ctx context.Context, saga string) ([]posting.Set, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := c.remote.ListPostings(ctx, &pb.ListPostingsRequest{Saga: saga})
	if err != nil {
		return nil, err
	}
	return wire.ReceiveParts(in, (*pb.ListPostingsResponse).GetSets, fromSet)
}

var postingKinds = wire.Set[posting.Kind, pb.PostingKind]{
	posting.Hold:    pb.PostingKind_POSTING_KIND_HOLD,
	posting.Release: pb.PostingKind_POSTING_KIND_RELEASE,
	posting.Capture: pb.PostingKind_POSTING_KIND_CAPTURE,
	posting.Refund:  pb.PostingKind_POSTING_KIND_REFUND,
}

var accounts = wire.Set[posting.Account, pb.Account]{
	posting.FundsHeld:          pb.Account_ACCOUNT_FUNDS_HELD,
	posting.FundsHeldContra:    pb.Account_ACCOUNT_FUNDS_HELD_CONTRA,
	posting.ProviderReceivable: pb.Account_ACCOUNT_PROVIDER_RECEIVABLE,
	posting.Revenue:            pb.Account_ACCOUNT_REVENUE,
	posting.Refunds:            pb.Account_ACCOUNT_REFUNDS,
}

func toSet(s posting.Set) (*pb.PostingSet, error) {
	kind, err := postingKinds.Number(s.Kind)
	if err != nil {
		return nil, err
	}
	lines, err := wire.Each(s.Lines, toLine)
	return &pb.PostingSet{Id: s.ID, PaymentId: s.PaymentID, Kind: kind, Lines: lines, CreatedAt: wire.Time(s.CreatedAt)}, err
}

func toLine(l posting.Line) (*pb.PostingLine, error) {
	account, err := accounts.Number(l.Account)
	return &pb.PostingLine{Account: account, Amount: wire.Amount(l.Amount)}, err
}

func fromSet(s *pb.PostingSet) (posting.Set, error) {
	kind, err := postingKinds.Value(s.GetKind())
	if err != nil {
		return posting.Set{}, err
	}
	lines, err := wire.Each(s.GetLines(), fromLine)
	return posting.Set{ID: s.GetId(), PaymentID: s.GetPaymentId(), Kind: kind, Lines: lines, CreatedAt: wire.FromTime(s.GetCreatedAt())}, err
}

func fromLine(l *pb.PostingLine) (posting.Line, error) {
	account, err := accounts.Value(l.GetAccount())
	return posting.Line{Account: account, Amount: wire.FromAmount(l.GetAmount())}, err
}
