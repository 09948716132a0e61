package payment

import (
	"context"
	"time"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
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
	// Asked are the amounts that the saga asked to hold, whatever came of it.
	Asked []money.Amount `json:"asked,omitempty"`
	// Open are steps whose capture was begun and not concluded.
	Open []string `json:"open,omitempty"`
	// Differ is where the provider's book is not ours, Wrong where the barrier
	// contradicts our own rows. Undone is what was taken back that had not happened,
	// or not like that; Answers which recorded answers are not what our rows say.
	Differ  []Difference `json:"differ,omitempty"`
	Wrong   []string     `json:"wrong,omitempty"`
	Undone  []Difference `json:"undone,omitempty"`
	Answers []string     `json:"answers,omitempty"`
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
	Progress ledger.State
	At       time.Time // its first trace
	// Other says in words how its answer is not what our rows say; empty: it is.
	Other string
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

// Audit implements [Auditor].
func (a *auditor) Audit(ctx context.Context, r key.Range) (AuditPage, error) {
	books, lines, next, err := key.Together(ctx, r,
		key.Statement[provider.Effect]{
			Of: func(ctx context.Context, sagas []string) ([]provider.Effect, error) {
				lines, err := a.statement.LinesOf(ctx, sagas)
				return lines, ProviderFault(err)
			},
			Between: func(ctx context.Context, after, to string, limit int) ([]provider.Effect, error) {
				lines, err := a.statement.Lines(ctx, after, to, limit)
				return lines, ProviderFault(err)
			},
			Saga: func(l provider.Effect) string { return sagaOf(l.Key) },
		},
		func(ctx context.Context, r key.Range) (Books, key.Range, string, error) {
			b, err := a.Books(ctx, r)
			return b, b.Range, b.Next, err
		})
	if err != nil {
		return AuditPage{}, err
	}
	return AuditPage{Facts: compare(books, lines), Next: next}, nil
}
