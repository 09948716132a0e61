package order

import (
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
)

// IllegalTransition is the code of a state change that the status machine does
// not have: confirming a cancelled order, or the reverse.
const IllegalTransition fault.Code = "ILLEGAL_TRANSITION"

// Status is where an order stands.
type Status string

// The statuses. PENDING → CONFIRMED | CANCELLED, and no way back.
const (
	Pending   Status = "PENDING"
	Confirmed Status = "CONFIRMED"
	Cancelled Status = "CANCELLED"
)

// Reason says why an order was cancelled. The list is closed.
type Reason string

// The reasons.
const (
	UnknownSKU       Reason = "UNKNOWN_SKU" // no such product, or it is not active
	CurrencyMismatch Reason = "CURRENCY_MISMATCH"
	OutOfStock       Reason = "OUT_OF_STOCK"
	PaymentDeclined  Reason = "PAYMENT_DECLINED"
	Undeliverable    Reason = "UNDELIVERABLE"
	CustomerRequest  Reason = "CUSTOMER_REQUEST"
	Deadline         Reason = "DEADLINE"
	Internal         Reason = "INTERNAL" // a bug; the order is also flagged
)

// Placement is everything a customer asked for, as it arrived.
type Placement struct {
	CustomerID   string         `json:"customer_id"`
	Currency     money.Currency `json:"currency"`
	Lines        []Line         `json:"lines"`
	ShipTo       Address        `json:"ship_to"`
	PaymentToken string         `json:"payment_token"`
	// Fingerprint is the hash of the request's meaning; two requests with one
	// idempotency key are the same request exactly if it is equal.
	Fingerprint string `json:"fingerprint"`
	// Nonce is of the HTTP call that placed the order: another call that finds
	// it knows that it is a replay.
	Nonce string `json:"nonce"`
	// PlacedAt and DecideBy are UTC.
	PlacedAt time.Time `json:"placed_at"`
	DecideBy time.Time `json:"decide_by"`
}

// Line asks for a quantity of one product.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Address is where the parcels go.
type Address struct {
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city"`
	PostalCode string `json:"postal_code"`
	Country    string `json:"country"` // ISO 3166-1 alpha-2
}

// Total is the price of a whole order.
type Total = money.Amount

// Record is an order as its database has it.
type Record struct {
	ID        string    `json:"id"`
	Status    Status    `json:"status"`
	Reason    Reason    `json:"reason,omitempty"`
	Placement Placement `json:"placement"`
	Total     *Total    `json:"total,omitempty"`
	// View is the saga's final view as the closing step stored it; nil while PENDING.
	View      []byte    `json:"view,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}
