package inventory

import (
	"context"
	"time"

	"github.com/amends/amends/saga/key"
)

// Auditor shows what the service has recorded, for comparing it with what others
// have. It changes nothing and takes no locks; what it shows of a saga that is
// under way may be of different moments.
type Auditor interface {
	// Audit returns what the sagas of r have here, at most r.Limit of them (a list:
	// all). A saga that the service never heard of is left out.
	Audit(ctx context.Context, r key.Range) (AuditPage, error)

	// AuditStock returns what is wrong with the stock as a whole, in words: units
	// that are not in exactly one place, negative ones, counters that the
	// reservations do not explain. It reads every reservation, in one statement, so
	// that what it compares is of one moment.
	AuditStock(ctx context.Context) ([]string, error)
}

// AuditPage is an answer of [Auditor.Audit].
type AuditPage struct {
	Facts []Fact `json:"facts"`
	// Next is behind which saga the range goes on; empty if this is all of it.
	Next string `json:"next,omitempty"`
}

// Fact is what one saga has here.
type Fact struct {
	Saga  string      `json:"saga"`
	Since time.Time   `json:"since"`           // its first trace
	Stock []StockFact `json:"stock,omitempty"` // released ones are left out
	// Wrong says in words where the barrier and the reservations contradict each
	// other; Undone what was undone that had not happened, or not like that; Answers
	// which recorded answers are not what the reservations say.
	Wrong   []string `json:"wrong,omitempty"`
	Undone  []string `json:"undone,omitempty"`
	Answers []string `json:"answers,omitempty"`
}

// StockFact is a reservation that still has units.
type StockFact struct {
	Step       string `json:"step"`
	State      State  `json:"state"` // [Held] or [Committed]
	Units      int64  `json:"units"`
	Warehouses int    `json:"warehouses"`
	// Undoable says that an undo of the step would do something.
	Undoable bool `json:"undoable,omitempty"`
}
