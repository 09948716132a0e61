// Package audit defines the facts that the catalog service reports to the doctor about a
// saga, and judges them.
package audit

import (
	"context"
	"time"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/catalog"
)

// Auditor reads the recorded quotes. It changes nothing and takes no locks.
type Auditor interface {
	// Audit returns the quotes of the sagas of r, at most r.Limit of them (of a
	// list: all). Sagas that the service does not know are left out.
	Audit(ctx context.Context, r audit.Range) (Page, error)
}

// Page is an answer of [Auditor.Audit].
type Page = audit.Page[Fact]

// Fact is the quote of one saga.
type Fact struct {
	Saga  string        `json:"saga"`
	Since time.Time     `json:"since"`
	Total *money.Amount `json:"total,omitempty"` // nil: the quote was refused
	Units int64         `json:"units,omitempty"` // over all lines; 0: recorded by an older release
	// Answers describes recorded quotes that the service cannot have answered.
	Answers []string `json:"answers,omitempty"`
	// Telling compares the recorded quotes with the events that tell them.
	Telling audit.Telling `json:"telling,omitzero"`
}

// Quoted adds the quote recorded for step to f; err means that it cannot be read.
func (f *Fact) Quoted(step string, q catalog.Quote, err error) {
	if err != nil {
		f.Answers = []string{step + ": what it was answered cannot be read"}
		return
	}
	f.Total = &q.Total
	for _, l := range q.Lines {
		f.Units += l.Quantity
	}
	if why := check(q); why != "" {
		f.Answers = []string{step + ": " + why}
	}
}

// check describes why q cannot come from [catalog.Price]; empty if it can.
func check(q catalog.Quote) string {
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

// Judge implements [audit.Fact]. Whether others used
// the quote is for the caller to compare.
func (f Fact) Judge(o audit.Order) (all audit.Findings) {
	if o.Decided() {
		all.Texts(audit.OneAnswer, audit.Answer, f.Answers)
		all.Telling(f.Telling)
	}
	return all
}

// Trace implements [audit.Fact].
func (f Fact) Trace() (since time.Time, what []string) { return f.Since, []string{"a quote"} }

// ID implements [audit.Fact].
func (f Fact) ID() string { return f.Saga }
