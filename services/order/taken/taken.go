// Package taken has what the saga of an order has taken: its steps, its parcels and the
// prices of its lines, as facts tell them.
package taken

import (
	"encoding/json"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/order/placement"
)

// Line is a line of an order with the price of one unit.
type Line struct {
	SKU       string        `json:"sku"`
	Quantity  int64         `json:"quantity"`
	UnitPrice *money.Amount `json:"unit_price,omitempty"` // absent while PENDING, and if it never was quoted
}

// Step is a step of an order's saga, as it was at its end.
type Step struct {
	Name      string     `json:"name"`
	State     string     `json:"state"`    // as in package saga
	Attempts  int        `json:"attempts"` // of the last call that ended
	StartedAt time.Time  `json:"started_at,omitzero"`
	EndedAt   time.Time  `json:"ended_at,omitzero"`
	Error     fault.Code `json:"error,omitempty"` // the last one
}

// Parcel is the part of an order that one warehouse sends.
type Parcel struct {
	Warehouse      string `json:"warehouse"`
	TrackingNumber string `json:"tracking_number"`
	State          string `json:"state"` // booked or cancelled
}

// View is the part of a saga's final view that facts tell. The view also has the words
// of operators, which no fact has.
type View struct {
	Lines []struct {
		SKU       string        `json:"sku"`
		UnitPrice *money.Amount `json:"unit_price"`
	} `json:"lines"`
	Steps   []Step   `json:"steps"`
	Parcels []Parcel `json:"parcels"`
}

// Read reads a view. The result is empty if there is none yet, and if another program
// wrote one of another form: then the facts tell less.
func Read(view json.RawMessage) (v View) {
	if len(view) == 0 || json.Unmarshal(view, &v) != nil {
		return View{}
	}
	for i, s := range v.Steps {
		v.Steps[i].StartedAt, v.Steps[i].EndedAt = Time(s.StartedAt), Time(s.EndedAt)
	}
	return v
}

// Priced returns lines with their prices, as far as v has them.
func (v View) Priced(lines []placement.Line) []Line {
	prices := make(map[string]*money.Amount, len(v.Lines))
	for _, l := range v.Lines {
		prices[l.SKU] = l.UnitPrice
	}
	all := make([]Line, len(lines))
	for i, l := range lines {
		all[i] = Line{SKU: l.SKU, Quantity: l.Quantity, UnitPrice: prices[l.SKU]}
	}
	return all
}

// Time returns t in UTC, with the precision of the databases.
func Time(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
