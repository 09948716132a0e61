// Package overview answers an order together with all that other services know of it.
package overview

import (
	"context"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/gather"
	"github.com/amends/amends/api/orders"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping"
)

// The parts of an overview.
const (
	partOrder     = "order"
	partPayment   = "payment"
	partProducts  = "products"
	partShipments = "shipments"
)

var policies = map[string]gather.Policy{
	partOrder:     {Required: true},
	partPayment:   {Within: shop.Optional},
	partProducts:  {Within: shop.Optional, After: partOrder},
	partShipments: {Within: shop.Optional},
}

// Handlers answers the operation.
type Handlers struct {
	orders *orders.Access
	reader *shop.Reader
}

// New returns handlers that find orders for those to whom o gives access, and ask services
// through r.
func New(o *orders.Access, r *shop.Reader) *Handlers { return &Handlers{o, r} }

// GetOrderOverview returns an order with its payment, its shipments and the names of its
// products.
func (h *Handlers) GetOrderOverview(ctx context.Context, r contract.GetOrderOverviewRequestObject) (contract.GetOrderOverviewResponseObject, error) {
	id, err := orders.ParseID(r.Id)
	if err != nil {
		return nil, err
	}
	var skus []string
	out := contract.OrderOverview{Shipments: []contract.Shipment{}, Products: []contract.NamedProduct{}}
	missing, err := gather.Gather(ctx, policies,
		gather.Of(partOrder, func(ctx context.Context) (read.Snapshot, error) { return h.orders.Find(ctx, id) }, func(s read.Snapshot) {
			out.Order = orders.Render(s)
			for _, l := range out.Order.Lines {
				skus = append(skus, l.Sku)
				out.Products = append(out.Products, contract.NamedProduct{Sku: l.Sku, Name: l.Sku}) // until the catalog answers
			}
		}),
		gather.Of(partPayment, func(ctx context.Context) (*contract.Payment, error) { return h.payment(ctx, id) },
			func(p *contract.Payment) { out.Payment = p }),
		gather.Of(partShipments, func(ctx context.Context) ([]shipping.Shipment, error) { return h.reader.Shipments(ctx, id) },
			func(all []shipping.Shipment) {
				for _, s := range all {
					out.Shipments = append(out.Shipments, contract.Shipment{
						Warehouse: s.Warehouse, State: string(s.State), Carrier: orders.Optional(s.Carrier), TrackingNumber: orders.Optional(s.TrackingNumber),
					})
				}
			}),
		gather.Of(partProducts, func(ctx context.Context) (map[string]string, error) { return h.reader.Names(ctx, skus) },
			func(names map[string]string) {
				for i, p := range out.Products {
					if name, ok := names[p.Sku]; ok {
						out.Products[i].Name = name
					}
				}
			}),
	)
	if err != nil {
		return nil, err
	}
	out.Missing = shop.RenderMissing(missing)
	return contract.GetOrderOverview200JSONResponse{Body: out, Headers: contract.GetOrderOverview200ResponseHeaders{CacheControl: new("no-store")}}, nil
}

// payment returns the payment of an order, nil if there is none, which is no failure: the
// order costs nothing, or its payment has not begun.
func (h *Handlers) payment(ctx context.Context, id string) (*contract.Payment, error) {
	p, err := h.reader.Payment(ctx, id)
	if fault.CodeOf(err) == fault.NotFound {
		return nil, nil
	}
	return render(p), err
}

func render(p payment.Summary) *contract.Payment {
	return &contract.Payment{
		State: string(p.State), Amount: contract.Money{Amount: p.Amount.Minor, Currency: string(p.Amount.Currency)},
		Captured: p.Captured, Refunded: p.Refunded,
		InvoiceNumber: orders.Optional(p.InvoiceNumber), DeclineCode: orders.Optional(string(p.DeclineCode)),
	}
}
