// Package imported has the orders of another program, such as a monolith that is being strangled,
// as the order service takes them over: as records of the past.
package imported

import (
	"encoding/json"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/order"
)

// Order is a decided order of another program.
type Order struct {
	ID         string            `json:"id"`
	CustomerID string            `json:"customer_id"`
	Status     order.Status      `json:"status"`
	Reason     order.Reason      `json:"reason,omitempty"`
	Currency   money.Currency    `json:"currency"`
	Total      order.Total       `json:"total"`
	Refunded   int64             `json:"refunded,omitempty"` // in minor units of Total
	Lines      []order.TakenLine `json:"lines"`
	ShipTo     order.Address     `json:"ship_to,omitzero"`
	CreatedAt  time.Time         `json:"created_at"`
	UpdatedAt  time.Time         `json:"updated_at"`
}

// Placement returns the placement of i. It has no fingerprint: the request of the other
// program's client is not known.
func (i Order) Placement() order.Placement {
	p := order.Placement{CustomerID: i.CustomerID, Currency: i.Currency, ShipTo: i.ShipTo, PlacedAt: i.CreatedAt.UTC().Truncate(time.Microsecond)}
	for _, l := range i.Lines {
		p.Lines = append(p.Lines, order.Line{SKU: l.SKU, Quantity: l.Quantity})
	}
	return p
}

// Validate refuses with INVALID an order that is not decided, has no id, a total in another
// currency, a refund that is more than it, or a placement that could never become an order.
func (i Order) Validate() error {
	switch {
	case i.ID == "" || len(i.ID) > 255:
		return invalid("an imported order has an id of at most 255 characters")
	case i.Status != order.Confirmed && i.Status != order.Cancelled:
		return invalid("order %s: only decided orders are imported", i.ID)
	case (i.Status == order.Cancelled) != (i.Reason != ""):
		return invalid("order %s: a cancelled order has a reason, and no other has", i.ID)
	case i.Total.Currency != i.Currency || i.Total.Minor < 0:
		return invalid("order %s: its total is not in its currency", i.ID)
	case i.Refunded < 0 || i.Refunded > i.Total.Minor:
		return invalid("order %s: more than its total was paid back", i.ID)
	}
	if i.Reason != "" {
		if _, err := order.ParseReason(string(i.Reason)); err != nil {
			return err
		}
	}
	return i.Placement().Validate()
}

// View returns the final view of i, as the saga of an order would have stored it: without
// steps and parcels, of which this platform knows nothing.
func (i Order) View() (json.RawMessage, error) {
	return json.Marshal(struct { //nolint:wrapcheck // of texts and numbers only
		Order

		ShipTo    struct{}          `json:"ship_to,omitzero"`
		Refunded  struct{}          `json:"refunded,omitzero"`
		Attention []order.Flag      `json:"attention"`
		Waivers   []struct{}        `json:"waivers"`
		Repairs   []struct{}        `json:"repairs"`
		Steps     []order.TakenStep `json:"steps"`
		Parcels   []order.Parcel    `json:"parcels"`
	}{Order: i, Attention: []order.Flag{}, Waivers: []struct{}{}, Repairs: []struct{}{}, Steps: []order.TakenStep{}, Parcels: []order.Parcel{}})
}

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.Business, fault.Invalid, format, args...)
}
