// Package exposure adds up the holdings of orders: money, stock and parcels, of one order or of many.
package exposure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/amends/amends/internal/money"
)

// Exposure is the holdings of an order, or of several together.
type Exposure struct {
	// Held is money that is held, or may be, and Taken money that was taken and not paid back:
	// one amount for each currency, by its name.
	Held  []money.Amount `json:"money_held,omitempty"`
	Taken []money.Amount `json:"money_taken,omitempty"`
	// Reserved are units of stock that are held, and Sold those that are sold.
	Reserved int64 `json:"units_held,omitempty"`
	Sold     int64 `json:"units_sold,omitempty"`
	// Parcels are booked.
	Parcels int `json:"parcels,omitempty"`
	// Steps are those of one order whose effects all this is.
	Steps []string `json:"steps,omitempty"`
}

// By returns the holdings as the effects of a step, if there are any.
func (e Exposure) By(step string) Exposure {
	if !e.IsZero() {
		e.Steps = []string{step}
	}
	return e
}

// Amounts returns the holdings without their steps, for a sum over orders.
func (e Exposure) Amounts() Exposure {
	e.Steps = nil
	return e
}

// Add adds the holdings of other orders, or of the same one at another service.
func (e *Exposure) Add(other Exposure) {
	for _, step := range other.Steps {
		if !slices.Contains(e.Steps, step) {
			e.Steps = append(slices.Clip(e.Steps), step)
		}
	}
	e.Held, e.Taken = sum(e.Held, other.Held...), sum(e.Taken, other.Taken...)
	e.Reserved, e.Sold, e.Parcels = e.Reserved+other.Reserved, e.Sold+other.Sold, e.Parcels+other.Parcels
}

// Hold adds held money, Take taken money; nothing if it is zero.
func (e *Exposure) Hold(a money.Amount) { e.Held = sum(e.Held, a) }

// Take adds taken money.
func (e *Exposure) Take(a money.Amount) { e.Taken = sum(e.Taken, a) }

// IsZero reports whether nothing is held.
func (e Exposure) IsZero() bool {
	return len(e.Held)+len(e.Taken)+e.Parcels == 0 && e.Reserved+e.Sold == 0
}

// sum adds amounts to those of their currencies, in a new list.
func sum(all []money.Amount, more ...money.Amount) []money.Amount {
	all = slices.Clone(all)
	for _, a := range more {
		i := slices.IndexFunc(all, func(b money.Amount) bool { return b.Currency == a.Currency })
		switch {
		case a.IsZero():
		case i < 0:
			all = append(all, a)
		default:
			all[i].Minor += a.Minor
		}
	}
	slices.SortFunc(all, func(a, b money.Amount) int { return cmp.Compare(a.Currency, b.Currency) })
	return all
}

// String says it in words: "money held: 126.00 EUR, stock held: 3 units (payment.authorize,
// inventory.reserve)"; "nothing" if that is so.
func (e Exposure) String() string {
	var parts []string
	add := func(is bool, format string, args ...any) {
		if is {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	for _, a := range e.Held {
		add(true, "money held: %s", a)
	}
	for _, a := range e.Taken {
		add(true, "money taken: %s", a)
	}
	add(e.Reserved != 0, "stock held: %d units", e.Reserved)
	add(e.Sold != 0, "stock sold: %d units", e.Sold)
	add(e.Parcels != 0, "parcels booked: %d", e.Parcels)
	if len(parts) == 0 {
		return "nothing"
	}
	words := strings.Join(parts, ", ")
	if len(e.Steps) > 0 {
		words += " (" + strings.Join(e.Steps, ", ") + ")"
	}
	return words
}
