// Package placement has the request of a customer, as an order keeps it.
package placement

import (
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
)

// maxName is the longest customer id and SKU, in characters as in the API: an order
// that the API accepts and this package refuses could never end.
const maxName = 255

// Style is how the steps of an order's saga follow each other. The record that is
// created first decides it.
type Style string

// The styles.
const (
	Orchestrated  Style = "orchestrated"  // a workflow takes them; so it does in the zero Style
	Choreographed Style = "choreographed" // each service takes its own when it hears of another's
)

// Placement is the customer's request, as it arrived.
type Placement struct {
	CustomerID string         `json:"customer_id"`
	Currency   money.Currency `json:"currency"`
	Style      Style          `json:"style,omitempty"`
	Lines      []Line         `json:"lines"` // each SKU at most once
	ShipTo     Address        `json:"ship_to,omitzero"`
	// PaymentToken is in the input of the order's workflow only: no record has it. That of
	// a choreographed order is kept apart until the order is decided, see course.Parts.
	PaymentToken string `json:"payment_token,omitempty"`
	// Fingerprint is a hash of the request's content. Two requests with one
	// idempotency key are the same request if and only if it is equal.
	Fingerprint string `json:"fingerprint"`
	// Nonce identifies the HTTP call that placed the order. A call that finds another
	// nonce knows that it is a replay.
	Nonce string `json:"nonce"`
	// PlacedAt and DecideBy are UTC, by the engine's clock once the order is created.
	PlacedAt time.Time `json:"placed_at"`
	DecideBy time.Time `json:"decide_by"`
}

// Line asks for a quantity of one product.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"` // units, at least 1
}

// Address is the destination of the parcels.
type Address struct {
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city"`
	PostalCode string `json:"postal_code"`      // empty where there are none
	Region     string `json:"region,omitempty"` // state, province or the like
	Country    string `json:"country"`          // ISO 3166-1 alpha-2, or XK
}

// Redacted returns p without the customer's address and the payment token, as the
// history of a saga may keep it.
func (p Placement) Redacted() Placement {
	p.ShipTo, p.PaymentToken = Address{}, ""
	return p
}

// Validate refuses with INVALID a placement that could never become an order: no
// customer, no currency, an unknown style, no lines, a quantity below 1, the same SKU in
// two lines. The saga finds out whether it can be priced, packed, paid and delivered; the
// API limits its size.
func (p Placement) Validate() error {
	if !validName(p.CustomerID) {
		return invalid("a customer id has 1 to %d characters, none of them a control character", maxName)
	}
	if !p.Currency.Known() {
		return invalid("%.8q is not an ISO 4217 currency code", p.Currency)
	}
	if p.Style != "" && p.Style != Orchestrated && p.Style != Choreographed {
		return invalid("%.32q is not a style of an order", p.Style)
	}
	if len(p.Lines) == 0 {
		return invalid("no lines")
	}
	seen := make(map[string]bool, len(p.Lines))
	for i, l := range p.Lines {
		switch {
		case !validName(l.SKU):
			return invalid("line %d: a SKU has 1 to %d characters, none of them a control character", i+1, maxName)
		case l.Quantity < 1:
			return invalid("line %d: the quantity is not positive", i+1)
		case seen[l.SKU]:
			return invalid("line %d: %q is already in another line", i+1, l.SKU)
		}
		seen[l.SKU] = true
	}
	return nil
}

func validName(s string) bool {
	if s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxName {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.Business, fault.Invalid, format, args...)
}
