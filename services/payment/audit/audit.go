// Package audit defines the facts that the payment service reports to the doctor about a
// saga, and judges them. Package
// compare finds these facts, also at the provider.
package audit

import (
	"context"
	"time"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/payment"
)

// Auditor reads the recorded payments on both sides. It changes nothing and takes
// no locks; the parts of one saga's fact may be from different moments.
type Auditor interface {
	// Audit returns the payments of the sagas of r on either side, at most about
	// r.Limit sagas (of a list: all). Sagas that neither side knows are left out.
	Audit(ctx context.Context, r audit.Range) (Page, error)

	// AuditLedger describes the errors of our ledger as a whole: postings that do not
	// balance, or that the payments, transfers and invoices do not explain. It reads
	// every row; each comparison is one statement, so that all of it is from one
	// moment.
	AuditLedger(ctx context.Context) ([]string, error)
}

// Page is an answer of [Auditor.Audit].
type Page = audit.Page[Fact]

// Fact is the money of one saga, here and at the provider.
type Fact struct {
	Saga  string    `json:"saga"`
	Since time.Time `json:"since,omitzero"` // of its first trace here; zero: only the provider knows it
	// Holds lists money that is held on either side, or may be.
	Holds    []HoldFact `json:"holds,omitempty"`
	Ours     Taken      `json:"ours,omitzero"`
	Provider Taken      `json:"provider,omitzero"`
	// Blind reports that the provider took money that our barrier does not know of: a
	// settle would answer that nothing was taken.
	Blind bool `json:"blind,omitempty"`
	// Nothing reports that a capture of nothing is done, that of an order which costs
	// nothing.
	Nothing bool `json:"nothing,omitempty"`
	// Asked lists the amounts that the saga asked to hold, whatever the outcome, and that
	// of a capture of nothing.
	Asked []money.Amount `json:"asked,omitempty"`
	// Open lists steps whose capture was begun and not concluded.
	Open []string `json:"open,omitempty"`
	// Differ lists differences between the provider's book and ours, Wrong
	// contradictions between the barrier and our rows, Undone undos that do not match
	// what was done, Answers recorded answers that our rows contradict.
	Differ  []audit.Difference `json:"differ,omitempty"`
	Wrong   []string           `json:"wrong,omitempty"`
	Undone  []audit.Difference `json:"undone,omitempty"`
	Answers []string           `json:"answers,omitempty"`
	// Telling compares the barrier with the events that tell of it.
	Telling audit.Telling `json:"telling,omitzero"`
}

// HoldFact is one authorization that is live on either side.
type HoldFact struct {
	Step     string        `json:"step"`
	Ours     payment.State `json:"ours,omitempty"` // [payment.Intent], [payment.Authorized], or another state that is wrong
	Provider bool          `json:"provider"`       // the provider holds it
	Amount   money.Amount  `json:"amount"`
	// Undoable reports whether the barrier would run an undo of the step.
	Undoable bool `json:"undoable,omitempty"`
}

// Taken sums up the captures and refunds in one book, in minor units.
type Taken struct {
	Captures int            `json:"captures,omitempty"`
	Captured int64          `json:"captured,omitempty"`
	Refunded int64          `json:"refunded,omitempty"`
	Currency money.Currency `json:"currency,omitempty"` // of the last one
}

// IsZero reports whether there are none.
func (t Taken) IsZero() bool { return t == Taken{} }

// Add adds a capture or a refund.
func (t *Taken) Add(capture bool, a money.Amount) {
	t.Currency = a.Currency
	if capture {
		t.Captures++
		t.Captured += a.Minor
		return
	}
	t.Refunded += a.Minor
}
