package order

import (
	"context"
	"fmt"
	"time"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
)

// Auditor shows what the service has recorded, for comparing it with what others
// have. It changes nothing and takes no locks.
type Auditor interface {
	// Audit returns the orders of r by id, at most r.Limit of them (a list: all).
	Audit(ctx context.Context, r key.Range) (AuditPage, error)

	// AuditPlacements returns which orders were placed by one and the same call, in
	// words. A call places one order, whose id stands for its customer and key; with
	// two ids it has placed two. It reads every order, in one statement.
	AuditPlacements(ctx context.Context) ([]string, error)
}

// AuditPage is an answer of [Auditor.Audit].
type AuditPage struct {
	Facts []Fact `json:"facts"`
	// Next is behind which order the range goes on; empty if this is all of it.
	Next string `json:"next,omitempty"`
}

// Fact is an order without what is only the customer's.
type Fact struct {
	ID             string          `json:"id"`
	Status         Status          `json:"status"`
	Reason         Reason          `json:"reason,omitempty"`
	Total          *Total          `json:"total,omitempty"`
	Units          int64           `json:"units"` // of all lines
	CreatedAt      time.Time       `json:"created_at"`
	UpdatedAt      time.Time       `json:"updated_at"`
	DecideBy       time.Time       `json:"decide_by,omitzero"` // zero: never
	NeedsAttention bool            `json:"needs_attention,omitempty"`
	Waivers        []ledger.Waiver `json:"waivers,omitempty"` // as [ledger.Waiver.Brief]
	// Wrong says in words where the order contradicts its own history, or what it
	// was decided against for.
	Wrong []string `json:"wrong,omitempty"`
}

// Due is when the order had to be decided; one that never has to be, when it was
// placed.
func (f Fact) Due() time.Time {
	if f.DecideBy.IsZero() {
		return f.CreatedAt
	}
	return f.DecideBy
}

// CheckHistory says in words where changes are no path of the status machine from
// PENDING to r's status and reason, and where r was decided otherwise than it
// ended. What ended without a recorded decision was cancelled for the reason it has.
func (r Record) CheckHistory(changes []Change) (wrong []string) {
	at, why := Pending, Reason("")
	for _, c := range changes {
		if c.From != at {
			wrong = append(wrong, fmt.Sprintf("the history goes on from %s, but the order was %s", c.From, at))
		}
		if c.From != Pending || c.To == Pending {
			wrong = append(wrong, fmt.Sprintf("the history has a change from %s to %s", c.From, c.To))
		}
		at, why = c.To, c.Reason
	}
	if at != r.Status || why != r.Reason {
		wrong = append(wrong, fmt.Sprintf("the order is %s, its history ends at %s", inWords(r.Status, r.Reason), inWords(at, why)))
	}
	if r.Decided != "" && (r.Status == Confirmed || r.Against() != r.Decided) {
		wrong = append(wrong, fmt.Sprintf("the order is %s, and was decided against for %s", inWords(r.Status, r.Reason), r.Decided))
	}
	return wrong
}

func inWords(s Status, r Reason) string {
	if r == "" {
		return string(s)
	}
	return string(s) + " (" + string(r) + ")"
}
