package order

import (
	"cmp"

	"github.com/amends/amends/services/order/placement"
)

// Types of the customer's request.
type (
	Placement = placement.Placement
	Style     = placement.Style
	Line      = placement.Line
	Address   = placement.Address
	Contact   = placement.Contact
)

// The styles of a placement.
const (
	Orchestrated  = placement.Orchestrated
	Choreographed = placement.Choreographed
)

// Style returns the style of the order.
func (r Record) Style() Style { return cmp.Or(r.Placement.Style, Orchestrated) }
