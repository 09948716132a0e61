package inventory

import (
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
)

// State is the state of a reservation.
type State string

// The states: held → released | committed. Both are final.
const (
	Held      State = "held"      // its units are reserved
	Released  State = "released"  // its units are available again
	Committed State = "committed" // its units are sold
)

// ParseState returns s as a [State], or a fault with code INVALID.
func ParseState(s string) (State, error) {
	switch state := State(s); state {
	case Held, Released, Committed:
		return state, nil
	}
	return "", invalid("%.16q is not a state of a reservation", s)
}

// Record is a reservation as its database has it.
type Record struct {
	Key         key.Key // of the Reserve that made it
	State       State
	Reservation Reservation
	CreatedAt   time.Time // UTC
	UpdatedAt   time.Time // UTC
}

// Reserved is a reservation, and where its units are.
type Reserved struct {
	Record

	// TakenBack reports whether the units, which were sold, have come back since then. They are a
	// part of the stock again, and the reservation stays committed.
	TakenBack bool
}

// Release makes a held reservation released. Any other state is a bug (CONFLICT): the
// barrier answers a repeated release, and sold stock does not come back by an undo.
func (r *Record) Release(now time.Time) error { return r.end(Released, now) }

// Commit makes a held reservation committed. Any other state is a bug (CONFLICT).
func (r *Record) Commit(now time.Time) error { return r.end(Committed, now) }

func (r *Record) end(to State, now time.Time) error {
	if r.State != Held {
		return fault.Errorf(fault.Bug, fault.Conflict, "reservation %s is %s and cannot become %s", r.Key, r.State, to)
	}
	r.State, r.UpdatedAt = to, now
	return nil
}
