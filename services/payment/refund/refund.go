// Package refund has the refunds of captures, as people ask for them and look at them.
package refund

import (
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
)

// Note says who asked for a refund and why. It is kept, and moves no money.
type Note struct {
	ID        string `json:"id"`                  // of the refund, for callers
	Reason    string `json:"reason"`              // in words
	Reference string `json:"reference,omitempty"` // of a case, or empty
	By        string `json:"by"`                  // the person who asked
	TakeBack  bool   `json:"take_back,omitempty"` // the stock of the order is taken back, too
}

// State is the state of a refund.
type State string

// The states: pending → done | declined | blocked. A blocked one never happened and
// never will.
const (
	Pending  State = "pending"
	Done     State = "done"
	Declined State = "declined"
	Blocked  State = "blocked"
)

// Record is a refund that was asked of the provider, as this service records it.
type Record struct {
	Note

	State       State
	Amount      money.Amount
	DeclineCode fault.Code // why, if State is Declined
	CreatedAt   time.Time  // UTC
	UpdatedAt   time.Time  // UTC
}
