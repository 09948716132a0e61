// Package rpc serves the read model, and calls it: see [query.Service].
package rpc

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/query"
	pb "github.com/amends/amends/services/query/rpc/querypb"
)

// Register serves s on r.
func Register(r grpc.ServiceRegistrar, s query.Service) {
	pb.RegisterQueryServer(r, &server{service: s})
}

type server struct {
	pb.UnimplementedQueryServer
	service query.Service
}

func (s *server) GetOrder(ctx context.Context, in *pb.GetOrderRequest) (*pb.GetOrderResponse, error) {
	if err := wire.Name("id", in.GetId()); err != nil {
		return nil, err
	}
	f, err := s.service.Order(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	return &pb.GetOrderResponse{Found: toFound(f), AsOf: wire.Time(f.AsOf)}, nil
}

func (s *server) ListOrders(ctx context.Context, in *pb.ListOrdersRequest) (*pb.ListOrdersResponse, error) {
	page, err := s.service.Orders(ctx, query.OrderFilter{
		CustomerID: in.GetCustomerId(), Account: in.GetAccount(), Status: query.Status(in.GetStatus()), SKU: in.GetSku(),
		PlacedAfter: wire.FromTime(in.GetPlacedAfter()), PlacedBefore: wire.FromTime(in.GetPlacedBefore()),
		Reason: in.GetReason(), Style: in.GetStyle(), NeedsAttention: in.NeedsAttention, MinAge: in.GetMinAge().AsDuration(),
		Text: in.GetText(), Limit: int(in.GetLimit()), Cursor: in.GetCursor(),
	})
	if err != nil {
		return nil, err
	}
	return &pb.ListOrdersResponse{Orders: each(page.Orders, toFound), Next: page.Next, AsOf: wire.Time(page.AsOf)}, nil
}

func (s *server) WaitFor(ctx context.Context, in *pb.WaitForRequest) (*pb.WaitForResponse, error) {
	if err := wire.Name("id", in.GetId()); err != nil {
		return nil, err
	}
	ctx, cancel := rpc.UntilStop(ctx)
	defer cancel()
	reached, err := s.service.WaitFor(ctx, in.GetId(), in.GetVersion(), in.GetPatience().AsDuration())
	return &pb.WaitForResponse{Reached: reached}, whyEnded(ctx, err)
}

func (s *server) GetTimeline(ctx context.Context, in *pb.GetTimelineRequest) (*pb.GetTimelineResponse, error) {
	if err := wire.Name("id", in.GetId()); err != nil {
		return nil, err
	}
	entries, err := s.service.Timeline(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	return &pb.GetTimelineResponse{Entries: each(entries, toEntry)}, nil
}

func (s *server) Follow(in *pb.FollowRequest, out grpc.ServerStreamingServer[pb.FollowResponse]) error {
	if err := wire.Name("id", in.GetId()); err != nil {
		return err
	}
	ctx, cancel := rpc.UntilStop(out.Context())
	defer cancel()
	err := s.service.Follow(ctx, in.GetId(), fromPosition(in.GetAfter()), func(e query.Entry) error {
		return out.Send(&pb.FollowResponse{Entry: toEntry(e)})
	})
	return whyEnded(ctx, err)
}

// whyEnded returns the cause of ctx for the error of a call that has ended with it.
func whyEnded(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx) //nolint:wrapcheck // a fault if the server stops
	}
	return err
}

func (s *server) ListProducts(ctx context.Context, in *pb.ListProductsRequest) (*pb.ListProductsResponse, error) {
	page, err := s.service.Products(ctx, query.ProductFilter{
		Text: in.GetText(), Category: in.GetCategory(), InStock: in.InStock, MinPrice: in.MinPrice, MaxPrice: in.MaxPrice,
		Sort: query.Sort(in.GetSort()), Limit: int(in.GetLimit()), Cursor: in.GetCursor(),
	})
	if err != nil {
		return nil, err
	}
	return &pb.ListProductsResponse{
		Products: each(page.Products, toProduct), Categories: each(page.Facets.Categories, toCategory),
		InStock: page.Facets.InStock, Total: page.Facets.Total, Prices: each(page.Facets.Prices, toPrices),
		Next: page.Next, AsOf: wire.Time(page.AsOf),
	}, nil
}

func (s *server) ListCategories(ctx context.Context, _ *pb.ListCategoriesRequest) (*pb.ListCategoriesResponse, error) {
	all, err := s.service.Categories(ctx)
	if err != nil {
		return nil, err
	}
	return &pb.ListCategoriesResponse{Categories: each(all.Categories, toCategory), AsOf: wire.Time(all.AsOf)}, nil
}

func (s *server) ListProjections(ctx context.Context, _ *pb.ListProjectionsRequest) (*pb.ListProjectionsResponse, error) {
	all, err := s.service.Projections(ctx)
	if err != nil {
		return nil, err
	}
	return &pb.ListProjectionsResponse{Projections: each(all, toProjection)}, nil
}

// duration returns d as a message, nil for 0.
func duration(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

// each returns f of every value.
func each[In, Out any](all []In, f func(In) Out) []Out {
	if len(all) == 0 {
		return nil
	}
	out := make([]Out, len(all))
	for i, v := range all {
		out[i] = f(v)
	}
	return out
}
