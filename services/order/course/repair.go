package course

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// Codes of a refused repair, beside [order.ReasonMissing] and [fault.Invalid]. They are those
// of package saga.
const (
	// AlreadyDecided means that the order has ended.
	AlreadyDecided fault.Code = "ALREADY_DECIDED"
	// NotFlagged means that the step to skip makes progress.
	NotFlagged fault.Code = "NOT_FLAGGED"
)

// Repairs is the part of the service with which operators repair orders.
type Repairs interface {
	// Repair makes and keeps a repair of an undecided choreographed order, and returns its
	// record; see the function [Repair]. A resume and a rerun are of orders of any style and
	// status; they are only kept, see [order.Record.KeepRepair]: the caller makes them. A repeat
	// changes nothing. It fails with NOT_FOUND for an order that does not exist, and with
	// CONFLICT, a bug, for one of another style.
	Repair(ctx context.Context, id string, q ledger.Repair) (order.Record, error)
}

// Repair makes a repair of an undecided order, and reports whether it changed r, which keeps
// the repair: a nudge is a [Nudge], and a skip waives the undo of a flagged step and nudges. A
// retry is kept only; the caller has had the service of the step try again. Repair refuses,
// without a change, with ALREADY_DECIDED, REASON_MISSING, NOT_FLAGGED, and INVALID for texts that
// cannot be kept, another action, and the skip of a step that is not being undone. That a step
// has an undo is for the caller to know.
func Repair(r *order.Record, q ledger.Repair, now time.Time) (changed bool, err error) {
	if err := order.CheckWords(q.Reason, q.Operator, q.Reference); err != nil {
		return false, err //nolint:wrapcheck // a fault
	}
	switch made := slices.ContainsFunc(r.Repairs, func(b ledger.Repair) bool { return q.Request != "" && b.Request == q.Request }); {
	case made, q.Action == ledger.Skip && waived(*r, q.Step):
		return false, nil
	case r.Status != order.Pending:
		return false, fault.Errorf(fault.Business, AlreadyDecided, "the order has ended")
	}
	switch q.Action {
	case ledger.Retry:
	case ledger.Skip:
		if err := waive(r, q, now); err != nil {
			return false, err
		}
		_, err = Nudge(r, now)
	case ledger.Nudge:
		_, err = Nudge(r, now)
	default:
		err = fault.Errorf(fault.Business, fault.Invalid, "an action is retry, skip or nudge")
	}
	q.At = now
	r.Repairs = append(slices.Clip(r.Repairs), q)
	return err == nil, err
}

func waived(r order.Record, step string) bool {
	return slices.ContainsFunc(r.Waivers, func(w ledger.Waiver) bool { return w.Step == step })
}

// waive takes the flag of a step down, and puts a waiver of its undo in its place. That of a bug
// of the step stays: it tells of no effect, and only an acknowledgement takes it down.
func waive(r *order.Record, q ledger.Repair, now time.Time) error {
	stuck := func(a ledger.Attention) bool { return a.Step == q.Step && !a.Lasting }
	i := slices.IndexFunc(r.Attention, stuck)
	service, _, _ := strings.Cut(q.Step, ".")
	switch {
	case i < 0, slices.Contains(r.Course.Free, service):
		return fault.Errorf(fault.Business, NotFlagged, "the step needs no attention")
	case r.Decided == "":
		return fault.Errorf(fault.Business, fault.Invalid, "the step is not being undone: it can only be retried, or the order be cancelled")
	}
	flag := r.Attention[i]
	calm(r, now, of(func(step string) bool { return step == q.Step })) // its service may go on trying
	left := slices.DeleteFunc(slices.Clone(r.Attention), stuck)
	note(r, now, left, ledger.Waiver{
		Step: q.Step, Code: flag.Code, Owed: flag.Owed, Reason: q.Reason, Operator: q.Operator, Reference: q.Reference, At: now,
	})
	return nil
}
