// Package rpc serves the part of the order service that is called directly, and calls it:
// see [order.Direct]. Orders change by steps of their saga only.
package rpc

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	pb "github.com/amends/amends/services/order/rpc/orderpb"
)

// Register serves s on r.
func Register(r grpc.ServiceRegistrar, s order.Direct) {
	pb.RegisterOrderServer(r, &server{service: s})
}

type server struct {
	pb.UnimplementedOrderServer
	service order.Direct
}

func (s *server) Get(ctx context.Context, in *pb.GetRequest) (*pb.GetResponse, error) {
	if err := wire.Name("id", in.GetId()); err != nil {
		return nil, err
	}
	r, err := s.service.Get(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	return toRecord(r)
}

func (s *server) GetAddress(ctx context.Context, in *pb.GetAddressRequest) (*pb.GetAddressResponse, error) {
	if err := wire.Name("id", in.GetId()); err != nil {
		return nil, err
	}
	a, err := s.service.Address(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	return &pb.GetAddressResponse{
		Name: a.Name, Line1: a.Line1, Line2: a.Line2, City: a.City, PostalCode: a.PostalCode, Region: a.Region, Country: a.Country,
	}, nil
}

func (s *server) KeepContact(ctx context.Context, in *pb.KeepContactRequest) (*pb.KeepContactResponse, error) {
	if err := errors.Join(wire.Name("id", in.GetId()), wire.Name("fingerprint", in.GetFingerprint())); err != nil {
		return nil, err
	}
	return &pb.KeepContactResponse{}, s.service.KeepContact(ctx, in.GetId(), in.GetFingerprint(), fromContact(in.GetContact()))
}

func (s *server) GetContact(ctx context.Context, in *pb.GetContactRequest) (*pb.GetContactResponse, error) {
	if err := wire.Name("id", in.GetId()); err != nil {
		return nil, err
	}
	c, err := s.service.Contact(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	return &pb.GetContactResponse{Contact: &pb.Contact{Email: c.Email, Phone: c.Phone, Locale: c.Locale}}, nil
}

func (s *server) CheckUndecided(ctx context.Context, in *pb.CheckUndecidedRequest) (*pb.CheckUndecidedResponse, error) {
	if err := wire.Name("customer_id", in.GetCustomerId()); err != nil {
		return nil, err
	}
	undecided, err := s.service.Undecided(ctx, in.GetCustomerId())
	if err != nil {
		return nil, err
	}
	return &pb.CheckUndecidedResponse{Undecided: undecided}, nil
}

func toRecord(r order.Record) (*pb.GetResponse, error) {
	status, err1 := statuses.Number(r.Status)
	reason, err2 := reasons.Number(r.Reason)
	decided, err3 := reasons.Number(r.Decided)
	out := &pb.GetResponse{
		Id: r.ID, Version: r.Version, Status: status, Reason: reason, Decided: decided, DecidedAt: wire.Time(r.DecidedAt),
		Placement: toPlacement(r.Placement), View: r.View, Attention: toAttention(r.Attention),
		NotedAt: wire.Time(r.NotedAt), CreatedAt: wire.Time(r.CreatedAt), UpdatedAt: wire.Time(r.UpdatedAt), Refunded: r.Refunded,
	}
	if r.Total != nil {
		out.Total = wire.Amount(*r.Total)
	}
	for _, w := range r.Waivers {
		out.Waivers = append(out.Waivers, &pb.Waiver{
			Step: w.Step, Code: string(w.Code), Owed: w.Owed, Reason: w.Reason, Operator: w.Operator,
			Reference: w.Reference, At: wire.Time(w.At),
		})
	}
	for _, p := range r.Repairs {
		out.Repairs = append(out.Repairs, &pb.Repair{
			Step: p.Step, Action: string(p.Action), Reason: p.Reason, Operator: p.Operator, Reference: p.Reference, At: wire.Time(p.At), Saga: p.Saga,
		})
	}
	for _, a := range r.Acknowledgements {
		out.Acknowledgements = append(out.Acknowledgements, &pb.Acknowledgement{
			Flags: toAttention(a.Flags), Reason: a.Reason, Operator: a.Operator, Reference: a.Reference,
			At: wire.Time(a.At), Request: a.Request,
		})
	}
	return out, errors.Join(err1, err2, err3)
}

func toPlacement(p order.Placement) *pb.Placement {
	out := &pb.Placement{
		CustomerId: p.CustomerID, Currency: string(p.Currency), Fingerprint: p.Fingerprint, Nonce: p.Nonce,
		PlacedAt: wire.Time(p.PlacedAt), DecideBy: wire.Time(p.DecideBy),
	}
	for _, l := range p.Lines {
		out.Lines = append(out.Lines, &pb.Placement_Line{Sku: l.SKU, Quantity: l.Quantity})
	}
	return out
}

func toAttention(flags []ledger.Attention) (out []*pb.Attention) {
	for _, f := range flags {
		out = append(out, &pb.Attention{
			Step: f.Step, Code: string(f.Code), Kind: string(f.Kind), Owed: f.Owed, Since: wire.Time(f.Since), Lasting: f.Lasting, Saga: f.Saga,
		})
	}
	return out
}
