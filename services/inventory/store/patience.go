package store

import (
	"slices"
	"sync"

	"github.com/amends/amends/fault"
)

// patience knows the SKUs for whose stock no step waits: on PostgreSQL, a step has
// waited for it in vain. The steps of other orders end after milliseconds, so that
// lock is a foreign one: a person's open transaction, or a bulk load. If every order
// of such a SKU waited as long, they would hold all connections of the service, and
// the orders of other SKUs would wait for those.
//
// A step of a known SKU locks its rows with NOWAIT, and holds no rows of other SKUs
// while it waits. If it fails, the engine repeats it later. The first that succeeds
// makes the SKU an ordinary one again.
type patience struct {
	mu   sync.Mutex
	over map[string]bool // by SKU
}

// turn returns a turn, for one call of a step.
func (p *patience) turn() *turn { return &turn{patience: p} }

// turn is one call that locks stock.
type turn struct {
	patience *patience
	skus     []string // empty before the call locks any
	hurried  bool
}

// lock notes that the call is about to lock the stock of some SKUs, and reports
// whether it must not wait for it. A transaction that runs again calls it again.
func (t *turn) lock(skus []string) (hurried bool) {
	t.patience.mu.Lock()
	defer t.patience.mu.Unlock()
	t.skus = skus
	t.hurried = slices.ContainsFunc(skus, func(sku string) bool { return t.patience.over[sku] })
	return t.hurried
}

// end notes the result of the call. An error does not say which of several SKUs is
// locked, so it counts for all; the next call for another one clears that one.
func (t *turn) end(err error) {
	t.patience.mu.Lock()
	defer t.patience.mu.Unlock()
	for _, sku := range t.skus {
		switch {
		case err == nil || fault.KindOf(err) == fault.Business: // decided on locked rows
			delete(t.patience.over, sku)
		case fault.CodeOf(err) == fault.Locked && !t.hurried:
			t.patience.over[sku] = true
		}
	}
}
