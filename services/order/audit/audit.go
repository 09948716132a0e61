// Package audit defines the facts that the order service reports to the doctor about a
// saga, and judges them.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// The kinds of findings about orders.
const (
	History     audit.Kind = "history"      // the changes are no legal path to the order's status and decision
	PlacedTwice audit.Kind = "placed_twice" // one call placed two orders
)

// Kinds lists the kinds.
var Kinds = []audit.Kind{PlacedTwice, History}

// Auditor reads the recorded orders. It changes nothing and takes no locks.
type Auditor interface {
	// Audit returns the orders of r by id, at most r.Limit of them (of a list: all).
	Audit(ctx context.Context, r audit.Range) (Page, error)

	// Changed returns the orders of w that have changed: their status, their flags, or a
	// refund. It also returns those that have not ended or are flagged, at any time: an order
	// stands still when it has no more changes. At most w.Limit, by id.
	Changed(ctx context.Context, w audit.Window) (audit.Changed, error)

	// AuditPlacements describes orders that were placed by the same call. A call
	// places one order, whose id is made from its customer and key; with two ids it
	// has placed two. It reads every order in one statement.
	AuditPlacements(ctx context.Context) ([]string, error)
}

// Page is an answer of [Auditor.Audit].
type Page = audit.Page[Fact]

// Fact is an order without the customer's data.
type Fact struct {
	ID             string          `json:"id"`
	Status         order.Status    `json:"status"`
	Reason         order.Reason    `json:"reason,omitempty"`
	Total          *order.Total    `json:"total,omitempty"`
	Units          int64           `json:"units"`              // over all lines
	Customer       string          `json:"customer,omitempty"` // as the placement names it
	CreatedAt      time.Time       `json:"created_at"`
	UpdatedAt      time.Time       `json:"updated_at"`
	ChangedAt      time.Time       `json:"changed_at"`         // by flags and acknowledgements too
	DecideBy       time.Time       `json:"decide_by,omitzero"` // zero: never
	NeedsAttention bool            `json:"needs_attention,omitempty"`
	Waivers        []ledger.Waiver `json:"waivers,omitempty"` // shortened by [ledger.Waiver.Brief]
	// Wrong describes contradictions between the order, its history and the reason
	// for which it was aborted.
	Wrong []string `json:"wrong,omitempty"`
	// Refunded is how much of the total was paid back, in its minor units, by the refunds
	// in Made. Refunds are those that have not ended.
	Refunded int64          `json:"refunded,omitempty"`
	Made     []MadeRefund   `json:"made,omitempty"`
	Refunds  []order.Refund `json:"refunds,omitempty"`
	// Waits is the name of the fact that the services of an undecided choreographed order
	// have to go on from; empty for any other order.
	Waits string `json:"waits,omitempty"`
	// Choreographed orders have no workflow.
	Choreographed bool `json:"choreographed,omitempty"`
	// Origin is [order.Legacy] if it was imported, else empty.
	Origin string `json:"origin,omitempty"`
	// Telling compares the order with the events that tell of it.
	Telling audit.Telling `json:"telling,omitzero"`
}

// MadeRefund is a refund that is DONE, since a time.
type MadeRefund struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

// Due returns when the order had to be decided; without a decide-by, when it was
// placed.
func (f Fact) Due() time.Time {
	if f.DecideBy.IsZero() {
		return f.CreatedAt
	}
	return f.DecideBy
}

// AddCourse adds the course of a choreographed order, as JSON; nil: it has none.
func (f *Fact) AddCourse(text *string, decided order.Reason) error {
	if text == nil {
		return nil
	}
	r := order.Record{Status: f.Status, Decided: decided}
	if err := json.Unmarshal([]byte(*text), &r.Course); err != nil {
		return fmt.Errorf("read the course: %w", err)
	}
	f.Choreographed = true
	if f.Status == order.Pending {
		d := r.Newest().Declaration
		f.Waits = d.Service + "." + d.Name
	}
	return nil
}

// AddRefunds adds the refunds of the order.
func (f *Fact) AddRefunds(all []order.Refund) {
	var done int64
	for _, r := range all {
		for _, at := range []time.Time{r.NotedAt, r.ClosedAt} {
			if at.After(f.ChangedAt) {
				f.ChangedAt = at
			}
		}
		switch r.Status {
		case order.RefundPending:
			f.Refunds = append(f.Refunds, r)
		case order.RefundDone:
			done += r.Amount.Minor
			f.Made = append(f.Made, MadeRefund{r.ID, r.ClosedAt})
		case order.RefundRefused:
		}
	}
	if f.Origin == "" && done != f.Refunded { // of an imported order another program has them
		f.Wrong = append(f.Wrong, fmt.Sprintf("its refunds are %d in all, it says %d", done, f.Refunded))
	}
}

// Order returns the order as other services' facts are judged by it. Resumable
// and Settled are left false.
func (f Fact) Order() audit.Order {
	o := audit.Order{
		Status: audit.Status(f.Status), Units: f.Units, Reason: string(f.Reason),
		Customer: f.Customer, Account: order.AccountOf(f.ID, f.Customer), Flagged: f.NeedsAttention, Refunded: f.Refunded,
	}
	for _, r := range f.Made {
		o.Refunds = append(o.Refunds, r.ID)
	}
	if f.Total != nil {
		o.Total, o.Currency = f.Total.Minor, string(f.Total.Currency)
	}
	for _, w := range f.Waivers {
		o.Waived = append(o.Waived, w.Step)
	}
	return o
}

// Judge returns the violations in f.
func (f Fact) Judge() (all audit.Findings) {
	all.Texts(audit.LegalHistory, History, f.Wrong)
	all.Telling(f.Telling)
	if n := len(f.Waivers); n > 0 && f.Status == order.Confirmed {
		all.Add(audit.ExactUndo, audit.Undo, false, "it is confirmed, and an operator gave up on undoing %d of its steps", n)
	}
	return all
}

// CheckHistory describes where changes are no path of the status machine from
// PENDING to r's status and reason, and where r did not end as it was decided. An
// order without a recorded decision was cancelled for the reason it has.
func CheckHistory(r order.Record, changes []order.Change) (wrong []string) {
	at, why := order.Pending, order.Reason("")
	for _, c := range changes {
		if c.From != at {
			wrong = append(wrong, fmt.Sprintf("the history goes on from %s, but the order was %s", c.From, at))
		}
		if c.From != order.Pending || c.To == order.Pending {
			wrong = append(wrong, fmt.Sprintf("the history has a change from %s to %s", c.From, c.To))
		}
		at, why = c.To, c.Reason
	}
	if at != r.Status || why != r.Reason {
		wrong = append(wrong, fmt.Sprintf("the order is %s, its history ends at %s", inWords(r.Status, r.Reason), inWords(at, why)))
	}
	if r.Decided != "" && (r.Status == order.Confirmed || r.Against() != r.Decided) {
		wrong = append(wrong, fmt.Sprintf("the order is %s, and was decided against for %s", inWords(r.Status, r.Reason), r.Decided))
	}
	return wrong
}

func inWords(s order.Status, r order.Reason) string {
	if r == "" {
		return string(s)
	}
	return string(s) + " (" + string(r) + ")"
}
