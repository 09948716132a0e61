package order

import (
	"encoding/json"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
)

// TakenLine is a line of an order with the price of one unit.
type TakenLine struct {
	SKU       string        `json:"sku"`
	Quantity  int64         `json:"quantity"`
	UnitPrice *money.Amount `json:"unit_price,omitempty"` // absent while PENDING, and if it never was quoted
}

// TakenStep is a step of an order's saga, as it was at its end.
type TakenStep struct {
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

// final is the part of a saga's final view that facts tell. The view also has the words
// of operators, which no fact has.
type final struct {
	Lines []struct {
		SKU       string        `json:"sku"`
		UnitPrice *money.Amount `json:"unit_price"`
	} `json:"lines"`
	Steps   []TakenStep `json:"steps"`
	Parcels []Parcel    `json:"parcels"`
}

// final reads the view of r. It is empty while the order is PENDING, and if another
// program wrote a view of another form: then the facts tell less.
func (r Record) final() (f final) {
	if len(r.View) == 0 || json.Unmarshal(r.View, &f) != nil {
		return final{}
	}
	for i := range f.Steps {
		f.Steps[i].StartedAt, f.Steps[i].EndedAt = stored(f.Steps[i].StartedAt), stored(f.Steps[i].EndedAt)
	}
	return f
}

// priced returns lines with their prices, as far as f has them.
func (f final) priced(lines []Line) []TakenLine {
	prices := make(map[string]*money.Amount, len(f.Lines))
	for _, l := range f.Lines {
		prices[l.SKU] = l.UnitPrice
	}
	all := make([]TakenLine, len(lines))
	for i, l := range lines {
		all[i] = TakenLine{SKU: l.SKU, Quantity: l.Quantity, UnitPrice: prices[l.SKU]}
	}
	return all
}

// stored returns t in UTC, with the precision of the databases.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
