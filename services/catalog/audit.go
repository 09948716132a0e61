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
}
