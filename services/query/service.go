package query

import (
	"context"
	"time"
)

// Service is the read model. Every method only reads, so a repeat is free. Requests that
// no reader can mean are refused with INVALID.
type Service interface {
	Orders
	Products

	// Projections returns how far each projection has come, by name.
	Projections(ctx context.Context) ([]Projection, error)
}

// Orders is the part about orders.
type Orders interface {
	// Order returns an order as it was told last, or NOT_FOUND. An undecided one has the
	// steps that its timeline shows.
	Order(ctx context.Context, id string) (Found, error)

	// Orders returns a page of orders, the newest placement first. The caller decides
	// whose orders they are: see [OrderFilter.CustomerID].
	Orders(ctx context.Context, f OrderFilter) (OrderPage, error)

	// WaitFor returns true as soon as the order has at least the version, also if it has
	// it already, and false if that takes longer than patience, which is at most
	// [MaxPatience]. An order that is not known yet is waited for, too. Every read that
	// begins afterwards sees that version or a later one.
	WaitFor(ctx context.Context, id string, version int64, patience time.Duration) (bool, error)

	// Timeline returns all entries of an order, the oldest first, or NOT_FOUND.
	Timeline(ctx context.Context, id string) ([]Entry, error)

	// Follow calls send with the entries of an order that are behind a position, the
	// oldest first, and with those that come later, as they come. The zero position, and
	// one of another generation, begin with the first entry; so does the stream itself if
	// the generation changes. It returns nil after the entry that ends the order and those
	// of all steps that the order has had, which may come a moment later; otherwise the
	// error of send, that of ctx when it ends, or NOT_FOUND.
	Follow(ctx context.Context, id string, after Position, send func(Entry) error) error
}

// Products is the part about products.
type Products interface {
	// Products returns a page of the products that can be ordered.
	Products(ctx context.Context, f ProductFilter) (ProductPage, error)

	// Categories returns the categories of the products that can be ordered, by name.
	Categories(ctx context.Context) (Categories, error)
}

// Limits of requests.
const (
	// MaxPage is the most orders or products of one page.
	MaxPage = 100
	// MaxPatience is the longest wait of [Orders.WaitFor].
	MaxPatience = 30 * time.Second
	// MaxSearch is the longest text that is searched for, in bytes. Words beyond
	// [MaxWords] are ignored.
	MaxSearch = 1000
	// MaxWords is the most words of one search.
	MaxWords = 16
)
