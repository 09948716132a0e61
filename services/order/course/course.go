package course

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// The clock reminds the services of a choreographed order that has made no progress for
// firstReminder, and again after pauses that double up to lastReminder.
const (
	firstReminder = time.Minute
	lastReminder  = 5 * time.Minute
)

// Objection is why an order is to be aborted.
type Objection struct {
	Reason order.Reason
	// Step was refused, with Code; empty: the objection is of a customer or the clock.
	Step string
	Code fault.Code
	// Event, whose reaction has failed for good, is not tried again; empty: none has.
	Event string
}

// Whole reports whether all is heard that the record of a confirmed order has.
func Whole(c order.Course) bool { return c.Quote != nil && len(c.Parcels) > 0 }

// Begin gives a new choreographed order its course.
func Begin(r *order.Record, now time.Time) { r.Course = &order.Course{NextAt: now.Add(firstReminder)} }

// Heard records progress: the steps that were heard of.
func Heard(r *order.Record, now time.Time, heard ...order.TakenStep) {
	c := r.Course
	c.NextAt, c.Reminders = now.Add(firstReminder), 0
	for _, s := range heard {
		i := slices.IndexFunc(c.Steps, func(have order.TakenStep) bool { return have.Name == s.Name })
		switch {
		case s.Name == "": // none was taken
		case i < 0:
			c.Steps = append(c.Steps, begun(s, s.EndedAt))
		default:
			c.Steps[i] = then(c.Steps[i], s)
		}
	}
}

// KeepQuote keeps the first quote of a PENDING order, and reports whether it changed r.
func KeepQuote(r *order.Record, q order.Quote, now time.Time, heard ...order.TakenStep) (changed bool) {
	if r.Status != order.Pending || r.Course.Quote != nil {
		return false
	}
	r.Course.Quote = &q
	Heard(r, now, heard...)
	return true
}

// KeepParcels keeps the parcels of a PENDING order, and reports whether it changed r.
func KeepParcels(r *order.Record, parcels []order.Parcel, now time.Time, heard ...order.TakenStep) (changed bool) {
	if r.Status != order.Pending || len(r.Course.Parcels) > 0 {
		return false
	}
	r.Course.Parcels = parcels
	Heard(r, now, heard...)
	return true
}

// Object asks for the abort of a PENDING order, and reports whether it changed r: the
// first objection stays, and one to an order that is decided, or whose money is taken,
// changes nothing, except that an undecided one is flagged for a bug. In any status the
// trouble of its step with its event is over. Object fails, without a change, with INVALID
// for a reason that is not in the list, which is a bug.
func Object(r *order.Record, o Objection, now time.Time) (changed bool, err error) {
	if _, err := order.ParseReason(string(o.Reason)); err != nil {
		return false, fault.Errorf(fault.Bug, fault.Invalid, "object: %w", err)
	}
	over := o.Event != "" && end(r, o.Event, o.Step, now)
	if !abortable(*r) {
		return r.Status == order.Pending && bug(r, o, now) || over, nil
	}
	r.Course.Asked, r.Course.AskedAt = o.Reason, now
	if o.Step == "" {
		Heard(r, now)
		return true, nil
	}
	Heard(r, now, order.TakenStep{Name: o.Step, State: "refused", EndedAt: now, Error: o.Code})
	bug(r, o, now)
	return true, nil
}

// bug flags an order whose step has failed with a bug, once for its code, and reports whether
// it changed r.
func bug(r *order.Record, o Objection, now time.Time) (changed bool) {
	known := func(a ledger.Attention) bool { return a.Step == o.Step && a.Code == o.Code && a.Lasting }
	if o.Reason != order.Internal || o.Step == "" || slices.ContainsFunc(r.Attention, known) {
		return false
	}
	raise(r, ledger.Attention{Step: o.Step, Code: o.Code, Kind: fault.Bug, Since: now, Lasting: true}, now)
	return true
}

// raise adds a flag.
func raise(r *order.Record, flag ledger.Attention, now time.Time) {
	note(r, now, append(slices.Clip(r.Attention), flag))
}

// note sets the flags, and adds waivers.
func note(r *order.Record, now time.Time, flags []ledger.Attention, waivers ...ledger.Waiver) {
	if !now.After(r.NotedAt) {
		now = r.NotedAt.Add(time.Microsecond)
	}
	r.Note(order.Note{At: now, Attention: flags, Waivers: waivers})
}

// Abort decides a PENDING order, whose capture has not happened and never will, for the
// reason of the first objection, and reports whether it changed r; see [order.Record.Decide]. An
// order without an objection, as after the loss of data, is aborted for INTERNAL.
func Abort(r *order.Record, settled order.TakenStep, now time.Time) (changed bool, err error) {
	if r.Course.Taken {
		return false, fault.Errorf(fault.Bug, order.IllegalTransition, "an order whose money is taken cannot be aborted")
	}
	changed, err = r.Decide(order.Decision{Reason: cmp.Or(r.Course.Asked, order.Internal)}, now)
	if !changed || err != nil {
		return false, err
	}
	Heard(r, now)
	if r.Course.Asked == "" {
		raise(r, ledger.Attention{Step: settled.Name, Code: fault.Conflict, Kind: fault.Bug, Since: now, Lasting: true}, now)
	}
	return true, nil
}

// Complete makes a PENDING order CONFIRMED, and reports whether it changed r; see
// [Service.Complete] and [order.Record.Confirm].
func Complete(r *order.Record, now time.Time, heard ...order.TakenStep) (changed bool, err error) {
	switch {
	case r.Status == order.Confirmed:
		return false, nil
	case r.Against() == "" && !Whole(*r.Course):
		return Take(r, now, heard...), nil
	}
	Heard(r, now, heard...)
	Calm(r, now)
	end, err := Closing(*r, order.Confirmed, now)
	if err != nil {
		return false, err
	}
	return r.Confirm(end, now)
}

// Release records that a service holds nothing of an order that is aborted, and reports
// whether it changed r. Before, it changes nothing: a service is asked for it by the
// abort alone.
func Release(r *order.Record, service string, now time.Time, heard ...order.TakenStep) (changed bool) {
	if r.Status != order.Pending || r.Decided == "" || slices.Contains(r.Course.Free, service) {
		return false
	}
	calm(r, now, of(func(step string) bool { return strings.HasPrefix(step, service+".") }))
	r.Course.Free = append(r.Course.Free, service)
	slices.Sort(r.Course.Free)
	Heard(r, now, heard...)
	return true
}

// Holds reports whether one of the services may hold an effect of the order: it is not
// free, and no operator has waived the undo of its step.
func Holds(r order.Record, services ...string) bool {
	return slices.ContainsFunc(services, func(service string) bool {
		return !slices.Contains(r.Course.Free, service) && !slices.ContainsFunc(r.Waivers, func(w ledger.Waiver) bool {
			return strings.HasPrefix(w.Step, service+".")
		})
	})
}

// Open reports whether steps that take the order forward are still wanted.
func Open(r order.Record) bool {
	return r.Status == order.Pending && r.Decided == "" && (r.Course == nil || r.Course.Asked == "" || r.Course.Taken)
}

// abortable reports whether the abort of the order can be asked for.
func abortable(r order.Record) bool { return Open(r) && !r.Course.Taken }

// Take records that the money of a PENDING order is taken, and reports whether it changed r.
// Steps that were not heard of are told again from the beginning.
func Take(r *order.Record, now time.Time, heard ...order.TakenStep) (changed bool) {
	if r.Course.Taken {
		return false
	}
	r.Course.Taken = true
	Heard(r, now, heard...)
	return true
}

// DueAt returns when the clock must look at a PENDING choreographed order.
func DueAt(r order.Record) time.Time {
	by := r.Placement.DecideBy
	if abortable(r) && !by.IsZero() && by.Before(r.Course.NextAt) {
		return by
	}
	return r.Course.NextAt
}

// Remind does the clock's part for an order that is due, and reports whether it changed r;
// see [Nudge].
func Remind(r *order.Record, now time.Time) (changed bool, err error) {
	if r.Status != order.Pending || now.Before(DueAt(*r)) {
		return false, nil
	}
	return Nudge(r, now)
}

// Nudge objects to an order that is late, and reminds the services of any other but a
// CONFIRMED one: of a CANCELLED order, to give back what they hold. It reports whether it
// changed r.
func Nudge(r *order.Record, now time.Time) (changed bool, err error) {
	switch by := r.Placement.DecideBy; {
	case r.Status == order.Confirmed:
		return false, nil
	case abortable(*r) && !by.IsZero() && !now.Before(by):
		return Object(r, Objection{Reason: order.Deadline}, now)
	}
	r.Course.Reminders++
	r.Course.NextAt = now.Add(min(firstReminder<<min(r.Course.Reminders, 3), lastReminder))
	return true, nil
}
