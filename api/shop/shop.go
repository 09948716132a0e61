// Package shop answers the public operations of the shop itself, apart from orders: its
// products and their stock. It asks the services that have them, each question for as
// long as its operation may take.
package shop

import (
	"context"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/body/schema"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/inventory"
)

// Handlers answers the operations.
type Handlers struct{ reader *Reader }

// New returns handlers that ask services through r.
func New(r *Reader) *Handlers { return &Handlers{r} }

// Forms adds how the bodies of the operations are read to all.
func Forms(spec *openapi3.T, all body.Binder) error {
	return body.Add[contract.CheckStock](all, spec, "CheckStock", body.Form{Rules: func(_ context.Context, value any) []contract.FieldError { //nolint:wrapcheck // it names the schema
		return schema.DistinctProducts(value)
	}})
}

// GetStock returns the stock of a product.
func (h *Handlers) GetStock(ctx context.Context, r contract.GetStockRequestObject) (contract.GetStockResponseObject, error) {
	if !inventory.ValidSKU(r.Sku) { // no service needs to be asked for it
		return nil, neverReceived()
	}
	asOf := time.Now().UTC()
	stock, err := h.reader.Stock(ctx, r.Sku)
	switch {
	case err != nil:
		return nil, Unanswered(err, noStock)
	case len(stock) == 0:
		return nil, neverReceived()
	}
	out := contract.Stock{Sku: r.Sku, AsOf: asOf, Warehouses: []contract.WarehouseStock{}}
	for _, s := range stock {
		out.Available += s.Available
		out.Warehouses = append(out.Warehouses, contract.WarehouseStock{Warehouse: s.Warehouse, Available: s.Available})
	}
	return contract.GetStock200JSONResponse{Body: out, Headers: contract.GetStock200ResponseHeaders{CacheControl: new("no-store")}}, nil
}

// CheckStock tells which lines of an order could be reserved now.
func (h *Handlers) CheckStock(ctx context.Context, r contract.CheckStockRequestObject) (contract.CheckStockResponseObject, error) {
	lines := make([]inventory.Line, len(r.Body.Lines))
	for i, l := range r.Body.Lines {
		lines[i] = inventory.Line{SKU: l.Sku, Quantity: l.Quantity}
	}
	a, err := h.reader.CheckStock(ctx, lines)
	if err != nil {
		return nil, Unanswered(err, noStock)
	}
	out := contract.CheckStock200JSONResponse{Available: a.Available(), Lines: []contract.CheckedLine{}}
	for _, l := range a.Lines {
		out.Lines = append(out.Lines, contract.CheckedLine{Sku: l.SKU, Requested: l.Requested, Available: l.Available, Ok: l.OK()})
	}
	return out, nil
}

const noStock = "The stock cannot be read right now."

// Unanswered returns UNAVAILABLE for a question that a repeat may answer, and any other
// error as it is. A question changes nothing, so an unknown outcome is such a one.
func Unanswered(err error, detail string) error {
	switch fault.KindOf(err) {
	case fault.Transient, fault.Unknown:
		return &problem.Problem{Code: fault.Unavailable, Detail: detail, Cause: err}
	default:
		return err
	}
}

func neverReceived() error {
	return problem.New(fault.NotFound, "No warehouse ever received this SKU.")
}
