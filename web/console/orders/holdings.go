package orders

import (
	"net/url"
	"slices"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/look"
)

// stocked is a line of the stock of an order, as the inventory service has it.
type stocked struct {
	contract.ReservationLine

	Kind  look.Kind
	Word  string
	Since time.Time // of the state; of goods that came back, of their sale
}

// parcel is one of an order, as the shipping service has it.
type parcel struct {
	contract.Shipment

	Kind look.Kind
	Word string
}

// stockOf returns the lines of reservations, which are in order.
func stockOf(all []contract.Reservation) (lines []stocked) {
	for _, r := range all {
		kind, word := look.Idle, r.State
		switch {
		case r.TakenBack:
			kind, word = look.Back, "sold, and taken back"
		case r.State == "held":
			kind, word = look.Busy, "reserved"
		case r.State == "released":
			kind, word = look.Back, "let go"
		case r.State == "committed":
			kind, word = look.Good, "sold"
		}
		for _, l := range r.Lines {
			lines = append(lines, stocked{l, kind, word, r.UpdatedAt})
		}
	}
	return lines
}

// parcelsOf returns the parcels of shipments.
func parcelsOf(all []contract.Shipment) (parcels []parcel) {
	for _, s := range all {
		p := parcel{s, look.Idle, s.State}
		switch s.State {
		case "intent":
			p.Kind, p.Word = look.Busy, "asked for, without an answer yet"
		case "booked":
			p.Kind = look.Good
		case "cancelled":
			p.Kind = look.Back
		}
		parcels = append(parcels, p)
	}
	return parcels
}

// Lacks reports whether one of some parts does not answer, so that nothing is known of it.
func (d orderData) Lacks(parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return slices.Contains(d.Missing, part) })
}

// Invoice answers with the invoice of an order as its customer sees it, or with the page that
// says why there is none.
func Invoice(v *visit.Visit) error {
	path := "/v1/orders/" + url.PathEscape(v.R.PathValue("id")) + "/invoice"
	return v.Admin.Pass(v.W, v.R, path) //nolint:wrapcheck // it names the operation
}
