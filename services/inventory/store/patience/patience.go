// Package patience decides which steps wait for the lock of a SKU's stock.
package patience

import (
	"slices"
	"sync"

	"github.com/amends/amends/fault"
)

// Patience knows the SKUs for whose stock no step waits: on PostgreSQL, a step has
// waited for it in vain. The steps of other orders end after milliseconds, so that
// lock is a foreign one: a person's open transaction, or a bulk load. If every order
// of such a SKU waited as long, they would hold all connections of the service, and
// the orders of other SKUs would wait for those.
//
// A step of a known SKU locks its rows with NOWAIT, and holds no rows of other SKUs
// while it waits. If it fails, the engine repeats it later. The first that succeeds
// makes the SKU an ordinary one again.
type Patience struct {
	mu   sync.Mutex
	over map[string]bool // by SKU
}

// New returns a Patience that waits for every SKU.
func New() *Patience { return &Patience{over: map[string]bool{}} }

// Turn returns a turn, for one call of a step.
func (p *Patience) Turn() *Turn { return &Turn{patience: p} }

// Turn is one call that locks stock.
type Turn struct {
	patience *Patience
	skus     []string // empty before the call locks any
	hurried  bool
}

// Lock notes that the call is about to lock the stock of some SKUs, and reports
// whether it must not wait for it. A transaction that runs again calls it again.
func (t *Turn) Lock(skus []string) (hurried bool) {
	t.patience.mu.Lock()
	defer t.patience.mu.Unlock()
	t.skus = skus
	t.hurried = slices.ContainsFunc(skus, func(sku string) bool { return t.patience.over[sku] })
	return t.hurried
}

// End notes the result of the call. An error does not say which of several SKUs is
// locked, so it counts for all; the next call for another one clears that one.
func (t *Turn) End(err error) {
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
