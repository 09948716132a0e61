// Package implied asks services for the facts that their rows imply: a reader that begins
// anew needs no old event, and a row of a release without events is read all the same.
// The facts are told to the caller alone, not to the broker.
package implied

import (
	"context"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

// MaxPage is the most sagas, and the most keys of state facts, of one page.
const MaxPage = 1000

// Page selects facts.
type Page struct {
	// Sagas selects the facts about steps of these sagas; none: a page of state facts.
	Sagas []string
	// After selects state facts with greater keys, up to Limit keys.
	After string
	Limit int
}

// Check refuses with INVALID a page that no owner answers.
func (p Page) Check() error {
	if len(p.Sagas) > MaxPage || len(p.Sagas) == 0 && (p.Limit < 1 || p.Limit > MaxPage) {
		return fault.Errorf(fault.Business, fault.Invalid, "a page has 1 to %d sagas or keys", MaxPage)
	}
	return nil
}

// Source returns the facts of a page in an order of its own. They have a time, that of
// the row, and no id. next is the last key if there may be more state facts, else empty.
// It changes nothing.
type Source func(ctx context.Context, p Page) (facts []event.Event, next string, err error)
