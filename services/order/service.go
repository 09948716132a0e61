package order

import (
	"context"
	"encoding/json"
	"time"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order/refund"
)

// Service is the order service. It owns the orders. Its worker runs the order
// workflow, so its methods are that workflow's local steps.
type Service interface {
	Direct
	refund.Service

	// Create records an order as PENDING with its placement, apart from the payment
	// token; k.Saga is its id.
	// Creating an existing order changes nothing and returns its record, whatever its
	// placement and status: the record counts, and the caller compares fingerprints. It
	// refuses with INVALID as [Placement.Validate] does. It has no undo; the order ends
	// by Confirm or Cancel.
	Create(ctx context.Context, k key.Key, p Placement) (Record, error)

	// Confirm makes the PENDING order k.Saga CONFIRMED and stores the closing's total
	// and view. A CONFIRMED order returns its record. A CANCELLED or aborted one is a
	// bug (ILLEGAL_TRANSITION), and so are a closing that does not fit (INVALID, see
	// [Record.Confirm]) and an order that was never created (NOT_FOUND).
	Confirm(ctx context.Context, k key.Key, c Closing) (Record, error)

	// Cancel makes the PENDING order k.Saga CANCELLED for the reason that Decide has
	// recorded, otherwise for the closing's, and stores the closing's total and view. A
	// CANCELLED order returns its record with the first reason. A CONFIRMED one is a bug
	// (ILLEGAL_TRANSITION), and so are a closing that does not fit (INVALID, see
	// [Record.Cancel]) and an order that was never created (NOT_FOUND): the caller must
	// create it first, or a late Create would leave a PENDING order for ever.
	Cancel(ctx context.Context, k key.Key, c Closing) (Record, error)

	// Decide records why the PENDING order k.Saga is aborted, before any step is
	// undone, and returns the record with its waivers; see [Record.Decide]. The first
	// reason stays: a repeat, also for another reason, and a decision about a CANCELLED
	// order change nothing and return the record. A CONFIRMED order is a bug
	// (ILLEGAL_TRANSITION), and so are a reason that is not in the list (INVALID) and an
	// order that was never created (NOT_FOUND).
	Decide(ctx context.Context, k key.Key, d Decision) (Record, error)

	// Note stores the flags and the waivers of the order k.Saga in its record, in any
	// status; see [Record.Note]. A repeat, and a note older than the stored one, change
	// nothing. An order that was never created is a bug (NOT_FOUND).
	Note(ctx context.Context, k key.Key, n Note) error

	// Acknowledge records that the flags of the finished order k.Saga were reviewed,
	// and takes them down; see [Record.Acknowledge]. A repeat returns the record
	// unchanged, with the first acknowledgement. It refuses as the record does, and with
	// NOT_FOUND if the order was never created.
	Acknowledge(ctx context.Context, k key.Key, a ledger.Acknowledgement) (Record, error)
}

// Direct is the part of the service that is called directly, not as a step of a saga. A
// method may refuse with INVALID an id of more than 255 characters: there is none.
type Direct interface {
	refund.Direct
	// Get returns the record of an order, or NOT_FOUND. It leaves out the address: a
	// caller that may see orders need not see where customers live.
	Get(ctx context.Context, id string) (Record, error)

	// Address returns the destination of an order, or NOT_FOUND.
	Address(ctx context.Context, id string) (Address, error)

	// KeepContact keeps the contact of a placement, before its saga is started: the history of
	// that is no place for it. It counts if the order is recorded with the same fingerprint,
	// which stands for the contact too; so a repeat changes nothing, and the first contact of a
	// fingerprint stays. It refuses with INVALID as [Contact.Validate] does, and without an id
	// or a fingerprint.
	KeepContact(ctx context.Context, id, fingerprint string, c Contact) error

	// Contact returns the contact of an order. Without one, because the placement had none or
	// it was kept for long enough, it is NOT_FOUND.
	Contact(ctx context.Context, id string) (Contact, error)

	// Undecided reports whether a customer has an order that is not decided.
	Undecided(ctx context.Context, customer string) (bool, error)

	// Erase removes addresses and contacts from orders, and has the engine forget their
	// histories. Orders and money stay. Of a customer's orders, those that are not decided are
	// erased soon after their end; a single one is refused with NOT_DECIDED until then, and with
	// NOT_FOUND. It refuses with INVALID as [Erasure.Validate] does. A repeat changes nothing.
	Erase(ctx context.Context, e Erasure) error
}

// Closing is the end of an order.
type Closing struct {
	Reason Reason          `json:"reason,omitempty"` // why it is cancelled; empty when confirmed
	Total  *Total          `json:"total,omitempty"`  // the quoted total; nil if it never was quoted
	View   json.RawMessage `json:"view,omitempty"`   // the saga's final view, kept as it is
	// Note is the last note of flags and waivers; its zero value leaves those of the
	// record unchanged.
	Note Note `json:"note,omitzero"`
}

// Filter selects orders; the zero value of a field selects all.
type Filter struct {
	NeedsAttention bool      // only orders with a flag
	Acknowledged   bool      // only orders with an acknowledgement
	Status         Status    // only orders in this status
	DueBefore      time.Time // only orders with an earlier decide-by time
	After          string    // only orders with a greater id
	Limit          int       // at most so many, 1 to 1,000
}
