// Package rpc serves the part of the order service that is called directly, and calls it:
// see [Service]. Orders change by steps of their saga, and
// choreographed ones by the wishes of their customers.
package rpc

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	pb "github.com/amends/amends/services/order/rpc/orderpb"
)

// Service has all methods that are served: see its parts.
type Service interface {
	order.Direct
	course.Parts
	course.Requests
	course.Repairs
}

// Register serves s on r.
func Register(r grpc.ServiceRegistrar, s Service) {
	pb.RegisterOrderServer(r, &server{service: s})
}

type server struct {
	pb.UnimplementedOrderServer
	service Service
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
	return toAddress(a), nil
}

func toAddress(a order.Address) *pb.GetAddressResponse {
	return &pb.GetAddressResponse{
		Name: a.Name, Line1: a.Line1, Line2: a.Line2, City: a.City, PostalCode: a.PostalCode, Region: a.Region, Country: a.Country,
	}
}

func (s *server) GetDestination(ctx context.Context, in *pb.GetDestinationRequest) (*pb.GetDestinationResponse, error) {
	if err := wire.Name("id", in.GetId()); err != nil {
		return nil, err
	}
	a, err := s.service.Destination(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	return &pb.GetDestinationResponse{Address: toAddress(a)}, nil
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

func (s *server) GetWanted(ctx context.Context, in *pb.GetWantedRequest) (*pb.GetWantedResponse, error) {
	if err := wire.Name("id", in.GetId()); err != nil {
		return nil, err
	}
	w, err := s.service.Wanted(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	return &pb.GetWantedResponse{Currency: string(w.Currency), Lines: toLines(w.Lines)}, nil
}

func (s *server) GetPayable(ctx context.Context, in *pb.GetPayableRequest) (*pb.GetPayableResponse, error) {
	if err := wire.Name("id", in.GetId()); err != nil {
		return nil, err
	}
	p, err := s.service.Payable(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	out := &pb.GetPayableResponse{PaymentToken: p.Token}
	if p.Total != nil {
		out.Total = wire.Amount(*p.Total)
	}
	return out, nil
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

func (s *server) Erase(ctx context.Context, in *pb.EraseRequest) (*pb.EraseResponse, error) {
	return &pb.EraseResponse{}, s.service.Erase(ctx, order.Erasure{
		Customer: in.GetCustomerId(), Order: in.GetOrderId(), By: in.GetBy(), Reason: in.GetReason(),
	})
}

func toRecord(r order.Record) (*pb.GetResponse, error) {
	status, err1 := statuses.Number(r.Status)
	reason, err2 := reasons.Number(r.Reason)
	decided, err3 := reasons.Number(r.Decided)
	style, err4 := styles.Number(r.Placement.Style)
	progress, err5 := toCourse(r.Course)
	out := &pb.GetResponse{
		Id: r.ID, Version: r.Version, Status: status, Reason: reason, Decided: decided, DecidedAt: wire.Time(r.DecidedAt),
		Placement: toPlacement(r.Placement), View: r.View, Attention: toAttention(r.Attention),
		NotedAt: wire.Time(r.NotedAt), CreatedAt: wire.Time(r.CreatedAt), UpdatedAt: wire.Time(r.UpdatedAt), Refunded: r.Refunded, Course: progress,
	}
	out.Placement.Style = style
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
		out.Repairs = append(out.Repairs, toRepair(p))
	}
	for _, a := range r.Acknowledgements {
		out.Acknowledgements = append(out.Acknowledgements, &pb.Acknowledgement{
			Flags: toAttention(a.Flags), Reason: a.Reason, Operator: a.Operator, Reference: a.Reference,
			At: wire.Time(a.At), Request: a.Request,
		})
	}
	return out, errors.Join(err1, err2, err3, err4, err5)
}

func toPlacement(p order.Placement) *pb.Placement {
	return &pb.Placement{
		CustomerId: p.CustomerID, Currency: string(p.Currency), Fingerprint: p.Fingerprint, Nonce: p.Nonce,
		PlacedAt: wire.Time(p.PlacedAt), DecideBy: wire.Time(p.DecideBy), Lines: toLines(p.Lines),
	}
}

func toLines(lines []order.Line) (out []*pb.Placement_Line) {
	for _, l := range lines {
		out = append(out, &pb.Placement_Line{Sku: l.SKU, Quantity: l.Quantity})
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
