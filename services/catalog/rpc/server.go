// Package rpc serves the part of the catalog service that is called directly, and calls
// it: see [catalog.Direct]. Quotes are steps of a saga.
package rpc

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/catalog"
	pb "github.com/amends/amends/services/catalog/rpc/catalogpb"
)

// maxImport bounds the products of one import, which the server holds in memory.
const maxImport = 1_200_000

// Register serves s on r.
func Register(r grpc.ServiceRegistrar, s catalog.Direct) {
	pb.RegisterCatalogServer(r, &server{service: s})
}

type server struct {
	pb.UnimplementedCatalogServer
	service catalog.Direct
}

func (s *server) GetProduct(ctx context.Context, in *pb.GetProductRequest) (*pb.GetProductResponse, error) {
	if err := wire.Name("sku", in.GetSku()); err != nil {
		return nil, err
	}
	p, err := s.service.Product(ctx, in.GetSku())
	if err != nil {
		return nil, err
	}
	return &pb.GetProductResponse{Product: toProduct(p)}, nil
}

func (s *server) ListProducts(ctx context.Context, in *pb.ListProductsRequest) (*pb.ListProductsResponse, error) {
	if err := wire.Name("after", in.GetAfter()); err != nil {
		return nil, err
	}
	all, err := s.service.Products(ctx, in.GetAfter(), int(in.GetLimit()))
	if err != nil {
		return nil, err
	}
	return &pb.ListProductsResponse{Products: toProducts(all)}, nil
}

func (s *server) Import(in grpc.ClientStreamingServer[pb.ImportRequest, pb.ImportResponse]) error {
	var all []catalog.Product
	for {
		part, err := in.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if len(all)+len(part.GetProducts()) > maxImport {
			return fault.Errorf(fault.Business, fault.Invalid, "an import has at most %d products", maxImport)
		}
		all = append(all, fromProducts(part.GetProducts())...)
	}
	if err := s.service.Import(in.Context(), all); err != nil {
		return err
	}
	return in.SendAndClose(&pb.ImportResponse{})
}
