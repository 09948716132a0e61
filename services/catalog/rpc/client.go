package rpc

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"

	"google.golang.org/grpc"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/catalog"
	pb "github.com/amends/amends/services/catalog/rpc/catalogpb"
)

// perPart is how many products one message of an import carries.
const perPart = 500

// Client calls the service over a connection. Every call needs a deadline.
type Client struct{ remote pb.CatalogClient }

var _ catalog.Direct = (*Client)(nil)

// NewClient returns a client on conn.
func NewClient(conn grpc.ClientConnInterface) *Client { return &Client{pb.NewCatalogClient(conn)} }

// Product implements [catalog.Direct].
func (c *Client) Product(ctx context.Context, sku string) (catalog.Product, error) {
	out, err := c.remote.GetProduct(ctx, &pb.GetProductRequest{Sku: sku})
	if err != nil {
		return catalog.Product{}, err
	}
	return fromProduct(out.GetProduct()), nil
}

// Products implements [catalog.Direct].
func (c *Client) Products(ctx context.Context, after string, limit int) ([]catalog.Product, error) {
	size := int32(max(math.MinInt32, min(limit, math.MaxInt32)))
	out, err := c.remote.ListProducts(ctx, &pb.ListProductsRequest{After: after, Limit: size})
	if err != nil {
		return nil, err
	}
	return fromProducts(out.GetProducts()), nil
}

// Import implements [catalog.Direct].
func (c *Client) Import(ctx context.Context, products []catalog.Product) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out, err := c.remote.Import(ctx)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(products, perPart) {
		err := out.Send(&pb.ImportRequest{Products: toProducts(some)})
		if errors.Is(err, io.EOF) {
			break // the answer says why
		}
		if err != nil {
			return err
		}
	}
	_, err = out.CloseAndRecv()
	return err
}

func toProducts(all []catalog.Product) []*pb.Product {
	out := make([]*pb.Product, len(all))
	for i, p := range all {
		out[i] = toProduct(p)
	}
	return out
}

func fromProducts(all []*pb.Product) []catalog.Product {
	out := make([]catalog.Product, len(all))
	for i, p := range all {
		out[i] = fromProduct(p)
	}
	return out
}

func toProduct(p catalog.Product) *pb.Product {
	return &pb.Product{Sku: p.SKU, Name: p.Name, Category: p.Category, Price: wire.Amount(p.Price), Active: p.Active, Description: p.Description}
}

func fromProduct(p *pb.Product) catalog.Product {
	return catalog.Product{
		SKU: p.GetSku(), Name: p.GetName(), Category: p.GetCategory(), Price: wire.FromAmount(p.GetPrice()), Active: p.GetActive(),
		Description: p.GetDescription(),
	}
}
