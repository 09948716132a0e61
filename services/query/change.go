package query

import (
	"time"

	"github.com/amends/amends/internal/money"
)

// Change is what one fact changes in the read model. One of its parts is set, or an order
// and an entry of its timeline.
type Change struct {
	At      time.Time // of the fact
	Version int64     // of the order, the product or the stock
	Order   *Order
	Entry   *NewEntry
	Product *ProductChange
	Stock   *Stock
}

// NewEntry is an entry that has no position yet; its step has no times of its own. An order
// has at most one with the same fact, step and round.
type NewEntry struct {
	OrderID string
	Entry
	Round int // counts the times that a saga repeats the step on purpose
}

// ProductChange is a product at one version.
type ProductChange struct {
	SKU, Name, Description, Category string

	Price money.Amount // the zero Amount: it has none yet
	// Listed reports that it can be ordered.
	Listed bool
}

// Stock is the stock of one SKU in one warehouse, at one version.
type Stock struct {
	SKU, Warehouse string
	Available      int64 // units
}

// The names of the projections.
const (
	OrdersProjection   = "orders"
	ProductsProjection = "products"
	StockProjection    = "stock"
	TimelineProjection = "timeline"
)

// Projection returns the name of the projection that c belongs to.
func (c Change) Projection() string {
	switch {
	case c.Order != nil:
		return OrdersProjection
	case c.Product != nil:
		return ProductsProjection
	case c.Stock != nil:
		return StockProjection
	default:
		return TimelineProjection
	}
}
