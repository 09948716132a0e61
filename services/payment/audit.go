package payment

import (
	"context"
	"slices"
	"time"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment/provider"
)

// Auditor shows what the service and its provider have recorded, compared with
// each other row by row. It changes nothing and takes no locks; what it shows of
// a saga that is under way may be of different moments.
type Auditor interface {
	// Audit returns what the sagas of r have here or at the provider, at most about
	// r.Limit of them (a list: all). A saga that neither ever heard of is left out.
	Audit(ctx context.Context, r key.Range) (AuditPage, error)

	// AuditLedger returns what is wrong with our books as a whole, in words: a
	// ledger that does not balance, or that the payments, transfers and invoices do
	// not explain. It reads every row; each comparison is one statement, so that
	// what it compares is of one moment.
	AuditLedger(ctx context.Context) ([]string, error)
}

// AuditPage is an answer of [Auditor.Audit].
type AuditPage struct {
	Facts []Fact `json:"facts"`
	// Next is behind which saga the range goes on; empty if this is all of it.
	Next string `json:"next,omitempty"`
}

// Fact is what one saga has here and at the provider.
type Fact struct {
	Saga  string    `json:"saga"`
	Since time.Time `json:"since,omitzero"` // its first trace here; zero: only the provider knows it
	// Holds is money held, or maybe held.
	Holds    []HoldFact `json:"holds,omitempty"`
	Ours     Taken      `json:"ours,omitzero"`
	Provider Taken      `json:"provider,omitzero"`
	// Blind says that the provider took money of which our books say that it was
	// not: a settle would believe them.
	Blind bool `json:"blind,omitempty"`
	// Open are steps whose capture was begun and not concluded.
	Open []string `json:"open,omitempty"`
	// Differ is where the provider's book is not ours, Wrong where the barrier
	// contradicts our own rows.
	Differ []Difference `json:"differ,omitempty"`
	Wrong  []string     `json:"wrong,omitempty"`
}

// HoldFact is one authorization that is live here, there, or both.
type HoldFact struct {
	Step     string       `json:"step"`
	Ours     State        `json:"ours,omitempty"` // [Intent], [Authorized], or what we believe instead
	Provider bool         `json:"provider"`       // the provider holds it
	Amount   money.Amount `json:"amount"`
	// Undoable says that an undo of the step would do something.
	Undoable bool `json:"undoable,omitempty"`
}

// Taken is what one book says was captured and paid back, in minor units.
type Taken struct {
	Captures int            `json:"captures,omitempty"`
	Captured int64          `json:"captured,omitempty"`
	Refunded int64          `json:"refunded,omitempty"`
	Currency money.Currency `json:"currency,omitempty"` // of the last one
}

// IsZero says that nothing was.
func (t Taken) IsZero() bool { return t == Taken{} }

// Difference is one key of which the books differ.
type Difference struct {
	Step string `json:"step"`
	What string `json:"what"` // in words
}

// Recorded is what the barrier has of one key.
type Recorded struct {
	Key      key.Key
	Progress Progress
	At       time.Time // its first trace
}

// Books is what our own tables have of some sagas.
type Books struct {
	Payments  []Payment
	Transfers []Transfer
	Recorded  []Recorded
	// Range is that of these rows, Next behind which saga it goes on, empty: nothing.
	Range key.Range
	Next  string
}

// AuditStore reads what [NewAuditor] compares.
type AuditStore interface {
	// Books returns our rows of the sagas of r, at most r.Limit sagas (a list: all).
	Books(ctx context.Context, r key.Range) (Books, error)
	// AuditLedger is [Auditor.AuditLedger].
	AuditLedger(ctx context.Context) ([]string, error)
}

// NewAuditor returns an auditor that compares our books with the provider's.
func NewAuditor(s AuditStore, book provider.Statement) Auditor { return &auditor{s, book} }

type auditor struct {
	AuditStore

	statement provider.Statement
}

// linesPerSaga is how many lines of a statement are asked for per saga that is
// wanted: an authorization, a capture, and room for what should not be there.
const linesPerSaga = 4

// Audit implements [Auditor].
func (a *auditor) Audit(ctx context.Context, r key.Range) (AuditPage, error) {
	ours, err := a.Books(ctx, r)
	if err != nil {
		return AuditPage{}, err
	}
	lines, to, err := a.lines(ctx, ours.Range)
	if err != nil {
		return AuditPage{}, err
	}
	if to != ours.Range.To { // the statement's page ends earlier: then ours shall too
		r.To = to
		if ours, err = a.Books(ctx, r); err != nil {
			return AuditPage{}, err
		}
		ours.Next = to
	}
	return AuditPage{Facts: compare(ours, lines), Next: ours.Next}, nil
}

// lines returns the statement of the sagas of r, and with which saga it ends.
func (a *auditor) lines(ctx context.Context, r key.Range) ([]provider.Effect, string, error) {
	if len(r.Sagas) > 0 {
		lines, err := a.statement.LinesOf(ctx, r.Sagas)
		return lines, r.To, providerFault(err)
	}
	limit := linesPerSaga * max(r.Limit, 1)
	lines, err := a.statement.Lines(ctx, behind(r.After), behind(r.To), limit)
	if err != nil || len(lines) < limit {
		return lines, r.To, providerFault(err)
	}
	// The page may end in the middle of a saga, so that saga is of the next one.
	last := sagaOf(lines[len(lines)-1].Key)
	for i, l := range slices.Backward(lines) {
		if s := sagaOf(l.Key); s != last {
			return lines[:i+1], s, nil
		}
	}
	return lines, last, nil // one saga with more lines than a page: these are enough to be wrong
}

// behind is the bound of keys that a bound of sagas is: a saga's keys are its id,
// a slash and more, and "0" comes right after the slash.
func behind(saga string) string {
	if saga == "" {
		return ""
	}
	return saga + "0"
}
