// Package lookup finds an order where it can be found: a decided one at the read model,
// which needs neither engine nor workers and keeps it forever, an undecided one at the
// engine and, if that does not answer, at the read model.
package lookup

import (
	"context"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/query"
)

// Engine finds orders at the engine, and in their records; see [read.Reader].
type Engine interface {
	Find(ctx context.Context, id string) (read.Snapshot, error)
	FindRecord(ctx context.Context, id string) (read.Snapshot, error)
}

// Model is the part of the read model that is asked.
type Model interface {
	Order(ctx context.Context, id string) (query.Found, error)
	WaitFor(ctx context.Context, id string, version int64, patience time.Duration) (bool, error)
}

// The read model is asked first, for a time that an undecided order can spare. If it is the
// last that may know the order, it gets more.
const quickly, patiently = 300 * time.Millisecond, time.Second

// Finder finds orders. It is safe for concurrent use.
type Finder struct {
	engine Engine
	model  Model // or nil
}

// New returns a finder; m is nil if there is no read model.
func New(e Engine, m Model) *Finder { return &Finder{e, m} }

// Find returns an order. Codes: NOT_FOUND, UNAVAILABLE.
func (f *Finder) Find(ctx context.Context, id string) (read.Snapshot, error) {
	if f.model == nil {
		return f.engine.Find(ctx, id) //nolint:wrapcheck // a fault for the client
	}
	told, untold := f.told(ctx, id, quickly)
	if untold == nil && told.Decided() {
		return told, nil
	}
	find := f.engine.Find
	if untold == nil && told.Style == order.Choreographed { // the engine has nothing of it
		find = f.engine.FindRecord
	}
	now, err := find(ctx, id)
	if err == nil {
		return now, nil
	}
	if untold != nil && fault.CodeOf(untold) != fault.NotFound { // it has not answered yet
		told, untold = f.told(ctx, id, patiently)
	}
	switch {
	case untold == nil:
		return told, nil
	case fault.CodeOf(err) == fault.NotFound && fault.CodeOf(untold) != fault.NotFound: // the engine forgets, so it proves nothing
		return read.Snapshot{}, fault.Wrap(untold, fault.Transient, fault.Unavailable, "The order cannot be read right now.")
	default:
		return read.Snapshot{}, err //nolint:wrapcheck // a fault for the client
	}
}

// Since asks for an order that is not older than a version. The zero Since is any version.
type Since struct {
	Version  int64
	Patience time.Duration // to wait for it
}

// FindSince returns an order like [Finder.Find], and whether it may be older than asked.
// Only the answer of the read model can be: workflow, record and engine have all that was
// ever answered. It waits only for an order that may be shown to the caller, so that the
// time of an answer does not tell of other orders.
func (f *Finder) FindSince(ctx context.Context, id string, s Since, shown func(read.Snapshot) bool) (found read.Snapshot, stale bool, err error) {
	found, err = f.Find(ctx, id)
	if f.model == nil || !s.missed(found, err) || err == nil && !shown(found) {
		return found, false, err
	}
	f.wait(ctx, id, s)
	found, err = f.Find(ctx, id)
	return found, s.missed(found, err), err
}

// wait waits for a version, and not longer for a read model that does not answer. Whether it
// came, the next answer tells.
func (f *Finder) wait(ctx context.Context, id string, s Since) {
	ctx, cancel := context.WithTimeout(ctx, s.Patience+patiently)
	defer cancel()
	_, _ = f.model.WaitFor(ctx, id, s.Version, s.Patience)
}

// missed reports whether an answer is no proof of the version. There is no version of an
// order that does not exist.
func (s Since) missed(found read.Snapshot, err error) bool {
	switch {
	case s.Version == 0:
		return false
	case err != nil:
		return fault.CodeOf(err) != fault.NotFound
	default:
		return found.Source == read.FromReadModel && found.Version < s.Version
	}
}

// told asks the read model.
func (f *Finder) told(ctx context.Context, id string, within time.Duration) (read.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	found, err := f.model.Order(ctx, id)
	if err != nil {
		return read.Snapshot{}, err //nolint:wrapcheck // looked at by its code
	}
	return Snapshot(found), nil
}
