// Package rpc serves the part of the payment service that is called directly, and calls
// it: see [payment.Direct]. Money moves by steps of a saga only.
package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/payment"
	pb "github.com/amends/amends/services/payment/rpc/paymentpb"
)

// Register serves s on r.
func Register(r grpc.ServiceRegistrar, s payment.Direct) {
	pb.RegisterPaymentServer(r, &server{service: s})
}

type server struct {
	pb.UnimplementedPaymentServer
	service payment.Direct
}

func (s *server) Get(ctx context.Context, in *pb.GetRequest) (*pb.GetResponse, error) {
	if err := wire.Name("saga", in.GetSaga()); err != nil {
		return nil, err
	}
	p, err := s.service.Get(ctx, in.GetSaga())
	if err != nil {
		return nil, err
	}
	state, err := states.Number(p.State)
	if err != nil {
		return nil, err
	}
	return &pb.GetResponse{
		PaymentId: p.PaymentID, State: state, Amount: wire.Amount(p.Amount), Captured: p.Captured, Refunded: p.Refunded,
		InvoiceNumber: p.InvoiceNumber, DeclineCode: string(p.DeclineCode),
		CreatedAt: wire.Time(p.CreatedAt), UpdatedAt: wire.Time(p.UpdatedAt), InvoicedAt: wire.Time(p.InvoicedAt),
	}, nil
}

// Client calls the service over a connection. Every call needs a deadline.
type Client struct{ remote pb.PaymentClient }

var _ payment.Direct = (*Client)(nil)

// NewClient returns a client on conn.
func NewClient(conn grpc.ClientConnInterface) *Client { return &Client{pb.NewPaymentClient(conn)} }

// Get implements [payment.Direct].
func (c *Client) Get(ctx context.Context, saga string) (payment.Summary, error) {
	p, err := c.remote.Get(ctx, &pb.GetRequest{Saga: saga})
	if err != nil {
		return payment.Summary{}, err
	}
	state, err := states.Value(p.GetState())
	if err != nil {
		return payment.Summary{}, err
	}
	return payment.Summary{
		PaymentID: p.GetPaymentId(), State: state, Amount: wire.FromAmount(p.GetAmount()), Captured: p.GetCaptured(),
		Refunded: p.GetRefunded(), InvoiceNumber: p.GetInvoiceNumber(), DeclineCode: fault.Code(p.GetDeclineCode()),
		CreatedAt: wire.FromTime(p.GetCreatedAt()), UpdatedAt: wire.FromTime(p.GetUpdatedAt()), InvoicedAt: wire.FromTime(p.GetInvoicedAt()),
	}, nil
}

var states = wire.Set[payment.State, pb.State]{
	payment.Intent:     pb.State_STATE_INTENT,
	payment.Authorized: pb.State_STATE_AUTHORIZED,
	payment.Declined:   pb.State_STATE_DECLINED,
	payment.Voided:     pb.State_STATE_VOIDED,
	payment.Captured:   pb.State_STATE_CAPTURED,
	payment.Refunded:   pb.State_STATE_REFUNDED,
}
