package order

import (
	"context"
	"encoding/json"

	"github.com/amends/amends/saga/key"
)

// Service is the order service. It owns the orders; its worker runs the order
// workflow, so its methods are that workflow's local steps.
type Service interface {
	// Create records an order as PENDING with its whole placement. Creating an
	// order that exists changes nothing and returns its record, whatever the
	// placement says: the record is the truth, and the caller compares
	// fingerprints. It has no undo; the order ends by Confirm or Cancel.
	Create(ctx context.Context, k key.Key, p Placement) (Record, error)

	// Confirm makes a PENDING order CONFIRMED and stores the closing's view.
	// Confirming a CONFIRMED order returns its record; a CANCELLED one is a bug
	// (ILLEGAL_TRANSITION).
	Confirm(ctx context.Context, k key.Key, c Closing) (Record, error)

	// Cancel makes a PENDING order CANCELLED for the closing's reason and stores
	// its view. Cancelling a CANCELLED order returns its record with the reason
	// that was written first; a CONFIRMED one is a bug (ILLEGAL_TRANSITION).
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
