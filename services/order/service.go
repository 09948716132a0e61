package order

import (
	"context"
	"encoding/json"
	"time"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
)

// Service is the order service. It owns the orders; its worker runs the order
// workflow, so its methods are that workflow's local steps.
type Service interface {
	// Create records an order as PENDING with its whole placement; k.Saga is its
	// id. Creating an order that exists changes nothing and returns its record,
	// whatever the placement says and however the order stands: the record is the
	// truth, and the caller compares fingerprints. It refuses with INVALID as
	// [Placement.Validate] does. It has no undo; the order ends by Confirm or
	// Cancel.
	Create(ctx context.Context, k key.Key, p Placement) (Record, error)

	// Confirm makes the PENDING order k.Saga CONFIRMED and stores the closing's
	// total and view. Confirming a CONFIRMED order returns its record; one that is
	// CANCELLED or was decided against is a bug (ILLEGAL_TRANSITION), and so are a
	// closing that does not fit (INVALID, see [Record.Confirm]) and an order that was
	// never created (NOT_FOUND).
	Confirm(ctx context.Context, k key.Key, c Closing) (Record, error)

	// Cancel makes the PENDING order k.Saga CANCELLED for the reason that Decide has
	// recorded, else for the closing's, and stores the closing's total and view.
	// Cancelling a CANCELLED order returns its record with the reason that was
	// written first; a CONFIRMED one is a bug (ILLEGAL_TRANSITION), and so are a
	// closing that does not fit (INVALID, see [Record.Cancel]) and an order that was
	// never created (NOT_FOUND): whoever cancels must have created, else a late Create
	// would leave a PENDING order that nobody ends.
	Cancel(ctx context.Context, k key.Key, c Closing) (Record, error)

	// Decide records why the PENDING order k.Saga is decided against, before anything
	// of it is undone, and returns the record with its waivers; see [Record.Decide].
	// The first reason stays: a repeat, one for another reason, and one of a
	// CANCELLED order change nothing and return the record. A CONFIRMED order is a
	// bug (ILLEGAL_TRANSITION), and so are a reason that is not in the list (INVALID)
	// and an order that was never created (NOT_FOUND).
	Decide(ctx context.Context, k key.Key, d Decision) (Record, error)

	// Note keeps what needs attention, and what was waived, in the record of the
	// order k.Saga, whatever its status; see [Record.Note]. A repeat, and one that
	// is older than what is stored, changes nothing. An order that was never created
	// is a bug (NOT_FOUND): there is nothing to note it on.
	Note(ctx context.Context, k key.Key, n Note) error

	// Acknowledge keeps with the decided order k.Saga that somebody has looked at
	// what needs attention, and takes those flags down; see [Record.Acknowledge]. A
	// repeat returns the record as it is, with the acknowledgement that came first.
	// It refuses as the record does, and an order that was never created with
	// NOT_FOUND.
	Acknowledge(ctx context.Context, k key.Key, a ledger.Acknowledgement) (Record, error)

	// Get returns the record of an order, or NOT_FOUND.
	Get(ctx context.Context, id string) (Record, error)
}

// Closing is what ends an order.
type Closing struct {
	Reason Reason          `json:"reason,omitempty"` // why it is cancelled; empty when confirmed
	Total  *Total          `json:"total,omitempty"`  // the quoted total; nil if it never was quoted
	View   json.RawMessage `json:"view,omitempty"`   // the saga's final view, kept as it is
	// Note is the last word on what needs attention and what was waived; its zero
	// value leaves the record's as they are.
	Note Note `json:"note,omitzero"`
}

// Filter selects orders; the zero value of a field selects all.
type Filter struct {
	NeedsAttention bool      // only those that a person must look at
	Acknowledged   bool      // only those that one has looked at
	Status         Status    // only those that stand there
	DueBefore      time.Time // only those that had to be decided before; none that have no decide-by time
	After          string    // only those whose ids come after this one
	Limit          int       // at most so many, 1 to 1,000
}
