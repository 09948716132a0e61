// Package audit defines the copies of orders that the read model reports to the doctor, and
// judges them.
package audit

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/query"
)

// The kinds of findings about the read model. A rebuild mends each.
const (
	CopyMissing audit.Kind = "copy_missing" // the read model has no such order
	CopyDiffers audit.Kind = "copy_differs" // it has another one
	GoodsDiffer audit.Kind = "goods_differ" // it has other products, or another stock
)

// Kinds lists the kinds.
var Kinds = []audit.Kind{CopyMissing, CopyDiffers, GoodsDiffer}

// Page is a page of copies.
type Page = audit.Page[Fact]

// Fact is the copy of one order. Its zero value is that of an order that has none.
type Fact struct {
	Saga     string       `json:"saga"`
	Since    time.Time    `json:"since"` // when the order was placed
	Status   query.Status `json:"status"`
	Reason   string       `json:"reason,omitempty"`
	Customer string       `json:"customer"`
	Account  string       `json:"account,omitempty"` // that placed it; empty: a guest
	Total    money.Amount `json:"total,omitzero"`    // the zero Amount: none
	Refunded money.Amount `json:"refunded,omitzero"` // the zero Amount: none
	Flagged  bool         `json:"flagged,omitempty"`
}

// ID implements [audit.Fact].
func (f Fact) ID() string { return f.Saga }

// Trace implements [audit.Fact].
func (f Fact) Trace() (since time.Time, what []string) {
	return f.Since, []string{"a copy that is " + string(f.Status)}
}

// Judge implements [audit.Fact]. A change may take a while to arrive, so a copy of an order
// that is not settled may be older.
func (f Fact) Judge(o audit.Order) (all audit.Findings) {
	if !o.Settled {
		return nil
	}
	if f.Saga == "" {
		all.Add(audit.ToldOnce, CopyMissing, false, "it is %s, and the read model does not have it", o.Status)
		return all
	}
	var differ []string
	compare := func(what string, ours, theirs any) {
		if ours != theirs {
			differ = append(differ, fmt.Sprintf("its %s is %v, in the read model %v", what, ours, theirs))
		}
	}
	compare("status", string(o.Status), string(f.Status))
	compare("reason", cmp.Or(o.Reason, "none"), cmp.Or(f.Reason, "none"))
	compare("customer", o.Customer, f.Customer)
	compare("account", cmp.Or(o.Account, "none"), cmp.Or(f.Account, "none"))
	amount := func(minor int64) money.Amount { return money.New(minor, money.Currency(o.Currency)) }
	compare("total", inWords(amount(o.Total)), inWords(f.Total))
	var refunded money.Amount
	if o.Refunded != 0 {
		refunded = amount(o.Refunded)
	}
	compare("refunded sum", inWords(refunded), inWords(f.Refunded))
	compare("need of attention", o.Flagged, f.Flagged)
	if len(differ) > 0 {
		all.Add(audit.ToldOnce, CopyDiffers, false, "%s", strings.Join(differ, "; "))
	}
	return all
}

func inWords(a money.Amount) string {
	if a == (money.Amount{}) {
		return "not there"
	}
	return a.String()
}
