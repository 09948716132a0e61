package shop

import (
	"context"

	"github.com/amends/amends/api/retry"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/shipping"
)

// Services are the services that are asked; a nil one answers UNAVAILABLE. Each has the
// part of the service's contract that this package and those below it ask.
type Services struct {
	Catalog interface {
		Product(ctx context.Context, sku string) (catalog.Product, error)
	}
	Inventory interface {
		Stock(ctx context.Context, sku string) ([]inventory.Stock, error)
		CheckStock(ctx context.Context, lines []inventory.Line) (inventory.Availability, error)
		Reserved(ctx context.Context, saga string) ([]inventory.Reserved, error)
	}
	Order interface {
		Get(ctx context.Context, id string) (order.Record, error)
		Address(ctx context.Context, id string) (order.Address, error)
		Refunds(ctx context.Context, id string) ([]order.Refund, error)
	}
	// Query is the read model.
	Query   query.Products
	Payment interface {
		Get(ctx context.Context, saga string) (payment.Summary, error)
		Refunds(ctx context.Context, saga string) ([]refund.Record, error)
		Postings(ctx context.Context, saga string) ([]posting.Set, error)
	}
	Notification interface {
		About(ctx context.Context, subject string) ([]notification.Delivery, error)
	}
	Shipping interface {
		Track(ctx context.Context, saga string) ([]shipping.Shipment, error)
	}
}

// Reader asks services. For operations that are idempotent it repeats questions that may
// be answered then; see [retry.Do].
type Reader struct {
	services Services
	retries  *retry.Retries
}

// NewReader returns a reader of s.
func NewReader(s Services) *Reader { return &Reader{s, retry.New()} }

// errNone is the answer of a service that the server does not know.
var errNone = fault.Errorf(fault.Transient, fault.Unavailable, "the service is not configured here")

// Product returns a product as the catalog does.
func (r *Reader) Product(ctx context.Context, sku string) (catalog.Product, error) {
	if r.services.Catalog == nil {
		return catalog.Product{}, errNone
	}
	return retry.Do(ctx, r.retries, func(ctx context.Context) (catalog.Product, error) { return r.services.Catalog.Product(ctx, sku) })
}

// Stock returns the stock of a SKU as inventory does.
func (r *Reader) Stock(ctx context.Context, sku string) ([]inventory.Stock, error) {
	if r.services.Inventory == nil {
		return nil, errNone
	}
	return retry.Do(ctx, r.retries, func(ctx context.Context) ([]inventory.Stock, error) { return r.services.Inventory.Stock(ctx, sku) })
}

// CheckStock compares lines with the stock as inventory does.
func (r *Reader) CheckStock(ctx context.Context, lines []inventory.Line) (inventory.Availability, error) {
	if r.services.Inventory == nil {
		return inventory.Availability{}, errNone
	}
	return retry.Do(ctx, r.retries, func(ctx context.Context) (inventory.Availability, error) {
		return r.services.Inventory.CheckStock(ctx, lines)
	})
}

// Reserved returns the reservations of an order as inventory does.
func (r *Reader) Reserved(ctx context.Context, id string) ([]inventory.Reserved, error) {
	if r.services.Inventory == nil {
		return nil, errNone
	}
	return retry.Do(ctx, r.retries, func(ctx context.Context) ([]inventory.Reserved, error) {
		return r.services.Inventory.Reserved(ctx, id)
	})
}

// Order returns the record of an order as the order service does.
func (r *Reader) Order(ctx context.Context, id string) (order.Record, error) {
	if r.services.Order == nil {
		return order.Record{}, errNone
	}
	return retry.Do(ctx, r.retries, func(ctx context.Context) (order.Record, error) { return r.services.Order.Get(ctx, id) })
}

// Address returns the destination of an order as the order service does.
func (r *Reader) Address(ctx context.Context, id string) (order.Address, error) {
	if r.services.Order == nil {
		return order.Address{}, errNone
	}
	return retry.Do(ctx, r.retries, func(ctx context.Context) (order.Address, error) { return r.services.Order.Address(ctx, id) })
}

// OrderRefunds returns the refunds of an order as the order service does.
func (r *Reader) OrderRefunds(ctx context.Context, id string) ([]order.Refund, error) {
	if r.services.Order == nil {
		return nil, errNone
	}
	return retry.Do(ctx, r.retries, func(ctx context.Context) ([]order.Refund, error) { return r.services.Order.Refunds(ctx, id) })
}

// Payment returns the newest payment of an order as payment does.
func (r *Reader) Payment(ctx context.Context, id string) (payment.Summary, error) {
	if r.services.Payment == nil {
		return payment.Summary{}, errNone
	}
	return retry.Do(ctx, r.retries, func(ctx context.Context) (payment.Summary, error) { return r.services.Payment.Get(ctx, id) })
}

// Refunds returns the refunds of an order as payment does.
func (r *Reader) Refunds(ctx context.Context, id string) ([]refund.Record, error) {
	if r.services.Payment == nil {
		return nil, errNone
	}
	return retry.Do(ctx, r.retries, func(ctx context.Context) ([]refund.Record, error) {
		return r.services.Payment.Refunds(ctx, id)
	})
}

// Postings returns the posting sets of an order as payment does.
func (r *Reader) Postings(ctx context.Context, id string) ([]posting.Set, error) {
	if r.services.Payment == nil {
		return nil, errNone
	}
	return retry.Do(ctx, r.retries, func(ctx context.Context) ([]posting.Set, error) {
		return r.services.Payment.Postings(ctx, id)
	})
}

// Shipments returns the shipments of an order as shipping does.
func (r *Reader) Shipments(ctx context.Context, id string) ([]shipping.Shipment, error) {
	if r.services.Shipping == nil {
		return nil, errNone
	}
	return retry.Do(ctx, r.retries, func(ctx context.Context) ([]shipping.Shipment, error) { return r.services.Shipping.Track(ctx, id) })
}

// Messages returns the messages about an order as notification does.
func (r *Reader) Messages(ctx context.Context, id string) ([]notification.Delivery, error) {
	if r.services.Notification == nil {
		return nil, errNone
	}
	return retry.Do(ctx, r.retries, func(ctx context.Context) ([]notification.Delivery, error) {
		return r.services.Notification.About(ctx, id)
	})
}

// Products returns a page of products as the read model does.
func (r *Reader) Products(ctx context.Context, f query.ProductFilter) (query.ProductPage, error) {
	if r.services.Query == nil {
		return query.ProductPage{}, errNone
	}
	return retry.Do(ctx, r.retries, func(ctx context.Context) (query.ProductPage, error) { return r.services.Query.Products(ctx, f) })
}

// Categories returns the categories as the read model does.
func (r *Reader) Categories(ctx context.Context) (query.Categories, error) {
	if r.services.Query == nil {
		return query.Categories{}, errNone
	}
	return retry.Do(ctx, r.retries, r.services.Query.Categories)
}
