package rpc

import (
	"context"
	"errors"
	"io"
	"math"
	"time"

	"google.golang.org/grpc"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/query"
	pb "github.com/amends/amends/services/query/rpc/querypb"
)

// Client calls the service over a connection. Every call needs a deadline, a
// [Client.Follow] too: its caller goes on behind the last entry that it got.
type Client struct{ remote pb.QueryClient }

var _ query.Service = (*Client)(nil)

// NewClient returns a client on conn.
func NewClient(conn grpc.ClientConnInterface) *Client { return &Client{pb.NewQueryClient(conn)} }

// Order implements [query.Service].
func (c *Client) Order(ctx context.Context, id string) (query.Found, error) {
	out, err := c.remote.GetOrder(ctx, &pb.GetOrderRequest{Id: id})
	if err != nil {
		return query.Found{}, err
	}
	return fromFound(out.GetFound(), wire.FromTime(out.GetAsOf())), nil
}

// Orders implements [query.Service].
func (c *Client) Orders(ctx context.Context, f query.OrderFilter) (query.OrderPage, error) {
	out, err := c.remote.ListOrders(ctx, &pb.ListOrdersRequest{
		CustomerId: f.CustomerID, Account: f.Account, Status: string(f.Status), Sku: f.SKU,
		PlacedAfter: wire.Time(f.PlacedAfter), PlacedBefore: wire.Time(f.PlacedBefore),
		Reason: f.Reason, Style: f.Style, NeedsAttention: f.NeedsAttention, MinAge: duration(f.MinAge),
		Text: f.Text, Limit: count(f.Limit), Cursor: f.Cursor,
	})
	if err != nil {
		return query.OrderPage{}, err
	}
	asOf := wire.FromTime(out.GetAsOf())
	return query.OrderPage{
		Orders: each(out.GetOrders(), func(f *pb.Found) query.Found { return fromFound(f, asOf) }), Next: out.GetNext(), AsOf: asOf,
	}, nil
}

// WaitFor implements [query.Service].
func (c *Client) WaitFor(ctx context.Context, id string, version int64, patience time.Duration) (bool, error) {
	out, err := c.remote.WaitFor(ctx, &pb.WaitForRequest{Id: id, Version: version, Patience: duration(patience)})
	return out.GetReached(), err
}

// Timeline implements [query.Service].
func (c *Client) Timeline(ctx context.Context, id string) ([]query.Entry, error) {
	out, err := c.remote.GetTimeline(ctx, &pb.GetTimelineRequest{Id: id})
	if err != nil {
		return nil, err
	}
	return each(out.GetEntries(), fromEntry), nil
}

// Follow implements [query.Service].
func (c *Client) Follow(ctx context.Context, id string, after query.Position, send func(query.Entry) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := c.remote.Follow(ctx, &pb.FollowRequest{Id: id, After: toPosition(after)})
	if err != nil {
		return err
	}
	for {
		next, err := in.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return err
		}
		if err := send(fromEntry(next.GetEntry())); err != nil {
			return err
		}
	}
}

// Products implements [query.Service].
func (c *Client) Products(ctx context.Context, f query.ProductFilter) (query.ProductPage, error) {
	out, err := c.remote.ListProducts(ctx, &pb.ListProductsRequest{
		Text: f.Text, Category: f.Category, InStock: f.InStock, MinPrice: f.MinPrice, MaxPrice: f.MaxPrice,
		Sort: string(f.Sort), Limit: count(f.Limit), Cursor: f.Cursor,
	})
	if err != nil {
		return query.ProductPage{}, err
	}
	return query.ProductPage{
		Products: each(out.GetProducts(), fromProduct), Next: out.GetNext(), AsOf: wire.FromTime(out.GetAsOf()),
		Facets: query.Facets{
			Categories: each(out.GetCategories(), fromCategory), InStock: out.GetInStock(), Total: out.GetTotal(),
			Prices: each(out.GetPrices(), fromPrices),
		},
	}, nil
}

// Categories implements [query.Service].
func (c *Client) Categories(ctx context.Context) (query.Categories, error) {
	out, err := c.remote.ListCategories(ctx, &pb.ListCategoriesRequest{})
	if err != nil {
		return query.Categories{}, err
	}
	return query.Categories{Categories: each(out.GetCategories(), fromCategory), AsOf: wire.FromTime(out.GetAsOf())}, nil
}

// Projections implements [query.Service].
func (c *Client) Projections(ctx context.Context) ([]query.Projection, error) {
	out, err := c.remote.ListProjections(ctx, &pb.ListProjectionsRequest{})
	if err != nil {
		return nil, err
	}
	return each(out.GetProjections(), fromProjection), nil
}

// count returns a limit as the contract has it; the service refuses one that is too large.
func count(limit int) int32 { return int32(max(math.MinInt32, min(limit, math.MaxInt32))) }
