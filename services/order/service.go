package order

import (
	"context"
	"encoding/json"

	"github.com/amends/amends/saga/key"
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
	// total and view. Confirming a CONFIRMED order returns its record; a CANCELLED
	// one is a bug (ILLEGAL_TRANSITION), and so are a closing that does not fit
	// (INVALID, see [Record.Confirm]) and an order that was never created
	// (NOT_FOUND).
	Confirm(ctx context.Context, k key.Key, c Closing) (Record, error)

	// Cancel makes the PENDING order k.Saga CANCELLED for the closing's reason and
	// stores its total and view. Cancelling a CANCELLED order returns its record
	// with the reason that was written first; a CONFIRMED one is a bug
	// (ILLEGAL_TRANSITION), and so are a closing that does not fit (INVALID, see
	// [Record.Cancel]) and an order that was never created (NOT_FOUND): whoever
	// cancels must have created, else a late Create would leave a PENDING order
	// that nobody ends.
	Cancel(ctx context.Context, k key.Key, c Closing) (Record, error)

	// Get returns the record of an order, or NOT_FOUND.
	Get(ctx context.Context, id string) (Record, error)
}

// Closing is what ends an order.
type Closing struct {
	Reason Reason          `json:"reason,omitempty"` // why it is cancelled; empty when confirmed
	Total  *Total          `json:"total,omitempty"`  // the quoted total; nil if it never was quoted
	View   json.RawMessage `json:"view,omitempty"`   // the saga's final view, kept as it is
}
