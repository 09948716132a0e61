package catalog

import (
	"context"
	"time"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
)

// Auditor shows what the service has recorded, for comparing it with what others
// have. It changes nothing and takes no locks.
type Auditor interface {
	// Audit returns what the sagas of r were quoted, at most r.Limit of them (a
	// list: all). A saga that the service never heard of is left out.
	Audit(ctx context.Context, r key.Range) (AuditPage, error)
}

// AuditPage is an answer of [Auditor.Audit].
type AuditPage struct {
	Facts []Fact `json:"facts"`
	// Next is behind which saga the range goes on; empty if this is all of it.
	Next string `json:"next,omitempty"`
}

// Fact is what one saga was quoted.
type Fact struct {
	Saga  string        `json:"saga"`
	Since time.Time     `json:"since"`
	Total *money.Amount `json:"total,omitempty"` // nil: the quote was refused
	Units int64         `json:"units,omitempty"` // that were quoted
	// Answers says in words which recorded quotes cannot be what was answered.
	Answers []string `json:"answers,omitempty"`
}

// Check says in words why q cannot be what [Price] answered, or nothing.
func (q Quote) Check() string {
	if len(q.Lines) == 0 {
		return "it has no lines"
	}
	sum := money.New(0, q.Total.Currency)
	for _, l := range q.Lines {
		price, err := l.UnitPrice.Mul(l.Quantity)
		if err == nil {
			sum, err = sum.Add(price)
		}
		if err != nil {
			return "its lines do not add up: " + err.Error()
		}
	}
	if sum != q.Total {
		return "its lines add up to " + sum.String() + ", its total is " + q.Total.String()
	}
	return ""
}

// Units is how many units q is for.
func (q Quote) Units() (n int64) {
	for _, l := range q.Lines {
		n += l.Quantity
	}
	return n
}
