package order

import "cmp"

// Style is how the steps of an order's saga follow each other. The record that is
// created first decides it.
type Style string

// The styles.
const (
	Orchestrated  Style = "orchestrated"  // a workflow takes them; so it does in the zero Style
	Choreographed Style = "choreographed" // each service takes its own when it hears of another's
)

// Style returns the style of the order.
func (r Record) Style() Style { return cmp.Or(r.Placement.Style, Orchestrated) }
