// Package overview answers an order together with all that other services know of it.
package overview

import (
	"context"
	"strings"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/gather"
	"github.com/amends/amends/api/orders"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping"
)

// The parts of an overview.
const (
	partMessages  = "messages"
	partOrder     = "order"
	partPayment   = "payment"
	partProducts  = "products"
	partShipments = "shipments"
)

var policies = map[string]gather.Policy{
	partMessages:  {Within: shop.Optional},
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

// GetOrderOverview returns an order with its payment, its shipments, the names of its
// products and the messages about it.
func (h *Handlers) GetOrderOverview(ctx context.Context, r contract.GetOrderOverviewRequestObject) (contract.GetOrderOverviewResponseObject, error) {
	id, err := orders.ParseID(r.Id)
	if err != nil {
		return nil, err
	}
	var skus []string
	out := contract.OrderOverview{Shipments: []contract.Shipment{}, Products: []contract.NamedProduct{}, Messages: []contract.Message{}}
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
		gather.Of(partMessages, func(ctx context.Context) ([]notification.Delivery, error) { return h.reader.Messages(ctx, id) },
			func(all []notification.Delivery) {
				for _, d := range all {
					out.Messages = append(out.Messages, message(d))
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

// message renders a message without its address, which may be another person's by now.
func message(d notification.Delivery) contract.Message {
	m := contract.Message{Kind: string(d.Kind), Channel: string(d.Channel), State: strings.ToLower(string(d.State)), At: d.EndedAt}
	if d.State == notification.Wanted {
		m.At = d.CreatedAt
	}
	m.At = m.At.UTC()
	return m
}

func render(p payment.Summary) *contract.Payment {
	return &contract.Payment{
		State: string(p.State), Amount: contract.Money{Amount: p.Amount.Minor, Currency: string(p.Amount.Currency)},
		Captured: p.Captured, Refunded: p.Refunded,
		InvoiceNumber: orders.Optional(p.InvoiceNumber), DeclineCode: orders.Optional(string(p.DeclineCode)),
	}
}
