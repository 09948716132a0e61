// Package rpc serves the part of the inventory service that is called directly, and calls
// it: see [inventory.Direct]. Stock that is held, released and sold are steps of a saga.
package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/inventory"
	pb "github.com/amends/amends/services/inventory/rpc/inventorypb"
)

// Register serves s on r.
func Register(r grpc.ServiceRegistrar, s inventory.Direct) {
	pb.RegisterInventoryServer(r, &server{service: s})
}

type server struct {
	pb.UnimplementedInventoryServer
	service inventory.Direct
}

func (s *server) GetStock(ctx context.Context, in *pb.GetStockRequest) (*pb.GetStockResponse, error) {
	if err := wire.Name("sku", in.GetSku()); err != nil {
		return nil, err
	}
	all, err := s.service.Stock(ctx, in.GetSku())
	if err != nil {
		return nil, err
	}
	out := &pb.GetStockResponse{}
	for _, st := range all {
		out.Stock = append(out.Stock, toStock(st))
	}
	return out, nil
}

func (s *server) CheckStock(ctx context.Context, in *pb.CheckStockRequest) (*pb.CheckStockResponse, error) {
	lines := make([]inventory.Line, len(in.GetLines()))
	for i, l := range in.GetLines() {
		lines[i] = inventory.Line{SKU: l.GetSku(), Quantity: l.GetQuantity()}
	}
	a, err := s.service.CheckStock(ctx, lines)
	if err != nil {
		return nil, err
	}
	out := &pb.CheckStockResponse{}
	for _, l := range a.Lines {
		out.Lines = append(out.Lines, &pb.CheckStockResponse_Line{Sku: l.SKU, Requested: l.Requested, Available: l.Available})
	}
	return out, nil
}

func (s *server) Receive(ctx context.Context, in *pb.ReceiveRequest) (*pb.ReceiveResponse, error) {
	st, err := s.service.Receive(ctx, inventory.Delivery{
		SKU: in.GetSku(), Warehouse: in.GetWarehouse(), Quantity: in.GetQuantity(), Known: in.GetKnown(), By: in.GetBy(),
		Reference: in.GetReference(),
	})
	if err != nil {
		return nil, err
	}
	return &pb.ReceiveResponse{Stock: toStock(st)}, nil
}

func (s *server) Adjust(ctx context.Context, in *pb.AdjustRequest) (*pb.AdjustResponse, error) {
	st, repeated, err := s.service.Adjust(ctx, inventory.Adjustment{
		SKU: in.GetSku(), Warehouse: in.GetWarehouse(), Units: in.GetUnits(),
		Reason: in.GetReason(), By: in.GetBy(), Reference: in.GetReference(),
	})
	if err != nil {
		return nil, err
	}
	return &pb.AdjustResponse{Stock: toStock(st), Repeated: repeated}, nil
}

func (s *server) ReadJournal(in *pb.ReadJournalRequest, out grpc.ServerStreamingServer[pb.ReadJournalResponse]) error {
	if err := wire.Name("sku", in.GetSku()); err != nil {
		return err
	}
	all, err := s.service.Journal(out.Context(), in.GetSku())
	if err != nil {
		return err
	}
	return wire.SendParts(out, all, toEntry, func(some []*pb.Entry) *pb.ReadJournalResponse { return &pb.ReadJournalResponse{Entries: some} })
}
