// Package refund has the refunds of confirmed orders, as their sagas record them.
package refund

import (
	"context"
	"slices"
	"time"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
)

// Status is the status of a refund.
type Status string

// The statuses: PENDING → DONE | REFUSED. Both are final.
const (
	Pending Status = "PENDING"
	Done    Status = "DONE"
	Refused Status = "REFUSED"
)

// Refund is a refund of a confirmed order, as its saga has recorded it. The payment
// service has who asked for it, and why.
type Refund struct {
	OrderID string `json:"order_id"`
	Opening
	Number   int       `json:"number"` // the generation in the keys of its saga
	Status   Status    `json:"status"`
	NotedAt  time.Time `json:"noted_at,omitzero"`  // UTC; the time of its flags and repairs
	ClosedAt time.Time `json:"closed_at,omitzero"` // UTC; zero while PENDING
}

// Opening is the beginning of a refund.
type Opening struct {
	ID       string       `json:"id"`
	Amount   money.Amount `json:"amount"`
	TakeBack bool         `json:"take_back,omitempty"` // of the order's stock, too
	At       time.Time    `json:"at"`
}

// Fits reports whether o is the request of p, at whatever time.
func (o Opening) Fits(p Opening) bool {
	p.At = o.At
	return o == p
}

// Note has the flags and the repairs of a refund's saga at one moment.
type Note struct {
	ID        string             `json:"id"` // of the refund
	At        time.Time          `json:"at"` // of the moment; an older note changes nothing
	Attention []ledger.Attention `json:"attention,omitempty"`
	Repairs   []ledger.Repair    `json:"repairs,omitempty"`
}

// Closing is the end of a refund, with its last note.
type Closing struct {
	Status Status `json:"status"`
	// Opening is that of the refund, and names it: one that is refused may not be open yet.
	Opening Opening `json:"opening"`
	Note
}

// Direct is the part of the order service that is called directly.
type Direct interface {
	// Refunds returns the refunds of an order, the oldest first, also those that were
	// refused; none if there are none, or no such order.
	Refunds(ctx context.Context, id string) ([]Refund, error)
}

// Service is the part of the order service that is about refunds.
type Service interface {
	// OpenRefund records a refund of the order k.Saga as PENDING, before anything is paid
	// back; k.Generation is its number. Opening a refund that exists changes nothing, and
	// with another amount, or another wish for the stock, is a bug (CONFLICT). It fails as
	// Record.OpenRefund of package order does, and with NOT_FOUND, a bug, if the order was
	// never created.
	OpenRefund(ctx context.Context, k key.Key, o Opening) error

	// NoteRefund stores the flags and the repairs of a refund with the order k.Saga; see
	// Record.NoteRefund. A repeat, and a note older than the stored one, change nothing. A
	// refund that was never opened is a bug (NOT_FOUND).
	NoteRefund(ctx context.Context, k key.Key, n Note) error

	// CloseRefund ends a refund of the order k.Saga; see Record.CloseRefund. A repeat
	// changes nothing. A refund that was never opened is a bug (NOT_FOUND) if it ends as
	// DONE; one that is REFUSED is opened for that, so that a late OpenRefund changes
	// nothing. Of an order that cannot have a refund it changes nothing.
	CloseRefund(ctx context.Context, k key.Key, c Closing) error
}

// Flags returns all with the flags of n in place of those of the refund with this id, but
// for those that acknowledged holds of.
func (n Note) Flags(id string, all []ledger.Attention, acknowledged func(ledger.Attention) bool) []ledger.Attention {
	all = slices.DeleteFunc(slices.Clone(all), func(a ledger.Attention) bool { return a.Saga == id })
	for _, flag := range n.Attention {
		if flag.Saga = id; !acknowledged(flag) {
			all = append(all, flag)
		}
	}
	return all
}

// Repaired returns all with the repairs of n in place of those of the refund with this id.
func (n Note) Repaired(id string, all []ledger.Repair) []ledger.Repair {
	all = slices.DeleteFunc(slices.Clone(all), func(p ledger.Repair) bool { return p.Saga == id })
	for _, p := range n.Repairs {
		p.Saga = id
		all = append(all, p)
	}
	return all
}
