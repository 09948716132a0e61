package query

import (
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
)

// Order is an order as its customer may see it, without an operator's words.
type Order struct {
	ID         string         `json:"id"`
	CustomerID string         `json:"customer_id"`
	Account    string         `json:"-"` // the account that placed it; empty: a guest, who may name any customer
	Status     Status         `json:"status"`
	Reason     string         `json:"reason,omitempty"` // why it was cancelled
	Style      string         `json:"style"`
	Currency   money.Currency `json:"currency"`
	Total      money.Amount   `json:"total"`             // the zero Amount until it is quoted and decided; 0 of a currency is free
	Refunded   money.Amount   `json:"refunded,omitzero"` // the zero Amount if nothing was paid back
	Lines      []Line         `json:"lines"`
	Attention  []Flag         `json:"attention,omitempty"`
	Steps      []Step         `json:"steps,omitempty"`
	Parcels    []Parcel       `json:"parcels,omitempty"`
	DecideBy   time.Time      `json:"decide_by,omitzero"` // UTC
	CreatedAt  time.Time      `json:"created_at"`         // UTC
	UpdatedAt  time.Time      `json:"updated_at"`         // UTC
}

// NeedsAttention reports whether an operator must review the order.
func (o Order) NeedsAttention() bool { return len(o.Attention) > 0 }

// The styles of an order.
const (
	Orchestrated  = "orchestrated"  // a workflow takes it forward
	Choreographed = "choreographed" // its services follow each other's facts
)

// Status is the status of an order.
type Status string

// The statuses. The last two are final.
const (
	Pending   Status = "PENDING"
	Confirmed Status = "CONFIRMED"
	Cancelled Status = "CANCELLED"
)

// ParseStatus returns s as a [Status], or a fault with code INVALID.
func ParseStatus(s string) (Status, error) {
	switch status := Status(s); status {
	case Pending, Confirmed, Cancelled:
		return status, nil
	}
	return "", invalid("%.32q is not a status of an order", s)
}

// Line is a quantity of one product.
type Line struct {
	SKU       string       `json:"sku"`
	Quantity  int64        `json:"quantity"`
	UnitPrice money.Amount `json:"unit_price"` // as the total
}

// Flag is a reason why an operator must review an order.
type Flag struct {
	Step    string     `json:"step"`
	Code    fault.Code `json:"code"`
	Kind    fault.Kind `json:"kind"`
	Owed    string     `json:"owed,omitempty"` // the effect that the step holds
	Since   time.Time  `json:"since"`
	Lasting bool       `json:"lasting,omitempty"`
	Saga    string     `json:"saga,omitempty"` // whose step it is: the id of a refund; empty: the order's own
}

// Step is the progress of one step of an order's saga.
type Step struct {
	Name     string `json:"name"`
	State    string `json:"state"`              // as in package saga
	Attempts int    `json:"attempts,omitempty"` // 0: not known, of a step that only its fact tells of
	// StartedAt and EndedAt are UTC. A step that only its fact tells of has the time of
	// that fact as both.
	StartedAt time.Time  `json:"started_at,omitzero"`
	EndedAt   time.Time  `json:"ended_at,omitzero"`
	Error     fault.Code `json:"error,omitempty"`
	Exposure  string     `json:"exposure,omitempty"` // the effect that stands right now, in words
	// Blocked means that the step, which is undone, never had an effect.
	Blocked bool `json:"blocked,omitempty"`
}

// Parcel is a part of an order that one warehouse sends.
type Parcel struct {
	Warehouse      string `json:"warehouse"`
	TrackingNumber string `json:"tracking_number"`
	State          string `json:"state"` // booked or cancelled
}

// Found is an order at one version.
type Found struct {
	Order   Order
	Version int64     // as its owner counts it, from 1
	AsOf    time.Time // see [Projection]
}

// OrderFilter selects orders; the zero value of a field selects all.
type OrderFilter struct {
	CustomerID     string // as the placement names it
	Account        string // that placed it
	Status         Status
	SKU            string    // only orders with a line of it
	PlacedAfter    time.Time // not at that time
	PlacedBefore   time.Time // not at that time
	Reason         string    // why it was cancelled
	Style          string
	NeedsAttention *bool
	// MinAge selects orders that are at least so old.
	MinAge time.Duration
	// Text selects orders that have a word with each of its words as a prefix: in the id,
	// the customer, the SKUs, the tracking numbers. Any text is legal; one without letters
	// and digits selects all.
	Text   string
	Limit  int    // 1 to [MaxPage]
	Cursor string // [OrderPage.Next] of the page before; empty: the first page
}

// OrderPage is a page of orders.
type OrderPage struct {
	Orders []Found
	Next   string // empty on the last page
	AsOf   time.Time
}
