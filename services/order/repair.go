package order

import (
	"slices"
	"time"

	"github.com/amends/amends/saga/ledger"
)

// KeepRepair keeps an operator's repair of the whole saga, at any status and of any style,
// before it is made: the engine forgets who has set a saga going again, the record does not.
// It reports whether it changed r: a repeated request changes nothing. It fails, without a
// change, with REASON_MISSING or INVALID for texts that cannot be kept.
func (r *Record) KeepRepair(q ledger.Repair, now time.Time) (changed bool, err error) {
	if err := CheckWords(q.Reason, q.Operator, q.Reference); err != nil {
		return false, err
	}
	if slices.ContainsFunc(r.Repairs, func(b ledger.Repair) bool { return q.Request != "" && b.Request == q.Request }) {
		return false, nil
	}
	q.At = now
	r.Repairs = append(slices.Clip(r.Repairs), q)
	return true, nil
}
