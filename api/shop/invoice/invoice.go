// Package invoice answers the invoice of an order, as JSON or as a page to print. It asks
// the owners of its parts: the order service, the payment service and the catalog. So it
// needs neither the engine nor the read model, which may have forgotten the order, or not
// have heard of its refunds.
package invoice

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/gather"
	"github.com/amends/amends/api/orders"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/orders/invoice"
	"github.com/amends/amends/internal/orders/lookup"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/refund"
)

// The parts of an invoice.
const (
	partOrder    = "order"
	partAddress  = "address"
	partPayment  = "payment"
	partRefunds  = "refunds"
	partProducts = "products"
)

// policies ask no service before the order is found for its caller, and for the refunds
// behind the payment, so that they have all that it counts.
var policies = map[string]gather.Policy{
	partOrder:    {Required: true},
	partAddress:  {Required: true, After: partOrder},
	partPayment:  {Required: true, After: partOrder},
	partRefunds:  {Required: true, After: partPayment},
	partProducts: {Within: shop.Optional, After: partOrder},
}

// Seller is who sells: the name, and the lines of an address.
type Seller struct {
	Name    string
	Address []string
}

// access finds orders for those who may see them; see [orders.Access].
type access interface {
	Find(ctx context.Context, id string) (read.Snapshot, error)
	Owns(ctx context.Context, o read.Snapshot) bool
}

// Handlers answers the operation.
type Handlers struct {
	access access
	reader *shop.Reader
	seller Seller
}

// New returns handlers that ask services through r; guests is nil if the server has none.
func New(guests *identity.Guests, r *shop.Reader, s Seller) *Handlers {
	return &Handlers{orders.NewAccess(records{r}, guests, false), r, s}
}

// Any returns handlers for callers who may see every order, and own none.
func (h *Handlers) Any() *Handlers { return &Handlers{everyone{records{h.reader}}, h.reader, h.seller} }

// everyone is the access of those who may see every order, of which none is their own.
type everyone struct{ records }

// Find returns an order.
func (a everyone) Find(ctx context.Context, id string) (read.Snapshot, error) {
	o, _, err := a.FindSince(ctx, id, lookup.Since{}, nil)
	return o, err
}

// Owns returns false.
func (everyone) Owns(context.Context, read.Snapshot) bool { return false }

// records finds orders by their records alone, which are never stale. It implements
// [orders.Finder].
type records struct{ reader *shop.Reader }

// FindSince returns the record of an order.
func (r records) FindSince(ctx context.Context, id string, _ lookup.Since, _ func(read.Snapshot) bool) (order read.Snapshot, stale bool, err error) {
	rec, err := r.reader.Order(ctx, id)
	if err != nil {
		return read.Snapshot{}, false, shop.Unanswered(err, "The order cannot be read right now.")
	}
	order, err = read.OfRecord(rec)
	return order, false, err //nolint:wrapcheck // it names the operation
}

// parts are those of one invoice.
type parts struct {
	order   read.Snapshot
	address order.Address
	payment payment.Summary
	refunds []refund.Record
	names   map[string]string
}

// GetInvoice returns the invoice of an order.
func (h *Handlers) GetInvoice(ctx context.Context, r contract.GetInvoiceRequestObject) (contract.GetInvoiceResponseObject, error) {
	id, err := orders.ParseID(r.Id)
	if err != nil {
		return nil, err
	}
	var p parts
	missing, err := gather.Gather(ctx, policies,
		gather.Of(partOrder, func(ctx context.Context) (read.Snapshot, error) { return h.order(ctx, id) }, func(o read.Snapshot) { p.order = o }),
		gather.Of(partAddress, func(ctx context.Context) (order.Address, error) { return h.address(ctx, p.order) }, func(a order.Address) { p.address = a }),
		gather.Of(partPayment, func(ctx context.Context) (payment.Summary, error) { return h.payment(ctx, id) }, func(s payment.Summary) { p.payment = s }),
		gather.Of(partRefunds, func(ctx context.Context) ([]refund.Record, error) { return h.refunds(ctx, id) }, func(all []refund.Record) { p.refunds = all }),
		gather.Of(partProducts, func(ctx context.Context) (map[string]string, error) { return h.names(ctx, p.order) }, func(n map[string]string) { p.names = n }),
	)
	if err != nil {
		return nil, err
	}
	made, err := invoice.Of(p.order, p.payment, p.refunds)
	if err != nil {
		return nil, err //nolint:wrapcheck // a fault for the client, or it names the operation
	}
	out := render(made, p, h.seller)
	out.Missing = shop.RenderMissing(missing)
	if edge.Chosen(ctx) == echo.MIMETextHTML {
		return sheet{preferred(r.Params), out}, nil
	}
	return contract.GetInvoice200JSONResponse{Body: out, Headers: contract.GetInvoice200ResponseHeaders{CacheControl: new("no-store")}}, nil
}

// order returns an order that has an invoice, if its caller may see it.
func (h *Handlers) order(ctx context.Context, id string) (read.Snapshot, error) {
	o, err := h.access.Find(ctx, id)
	if err == nil {
		err = invoice.Due(o)
	}
	return o, err
}

// address returns where the parcels of an order went, nothing if that is not the caller's
// own: who may read every order need not see where customers live.
func (h *Handlers) address(ctx context.Context, o read.Snapshot) (order.Address, error) {
	if !h.access.Owns(ctx, o) {
		return order.Address{}, nil
	}
	a, err := h.reader.Address(ctx, o.ID)
	return part(a, err, "The address cannot be read right now.")
}

const noPayment = "The payment cannot be read right now."

func (h *Handlers) payment(ctx context.Context, id string) (payment.Summary, error) {
	p, err := h.reader.Payment(ctx, id)
	return part(p, err, noPayment)
}

func (h *Handlers) refunds(ctx context.Context, id string) ([]refund.Record, error) {
	all, err := h.reader.Refunds(ctx, id)
	return part(all, err, noPayment)
}

// part returns the answer of a service about an order that exists. One that is not found is
// the zero value: an invoice without a payment fails, and the order is found all the same.
func part[T any](answer T, err error, detail string) (T, error) {
	var none T
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		return none, nil
	case err != nil:
		return none, shop.Unanswered(err, detail)
	}
	return answer, nil
}

// names returns the names of an order's products by SKU.
func (h *Handlers) names(ctx context.Context, o read.Snapshot) (map[string]string, error) {
	skus := make([]string, len(o.Lines))
	for i, l := range o.Lines {
		skus[i] = l.SKU
	}
	return h.reader.Names(ctx, skus)
}
