package shipping

import (
	"context"
	"sync/atomic"

	"github.com/amends/amends/saga/progress"
)

// round is the work of one attempt on the parcels whose outcome is open. The outcome of
// every parcel is recorded as it comes, so that the next attempt goes on from there; only
// that of the last parcel waits, to be recorded with the step's own.
type round struct {
	open   int          // parcels
	left   atomic.Int64 // those that have no outcome yet
	latest atomic.Int64 // the index of the last one, plus 1; 0: there is none yet
	done   atomic.Int64 // parcels whose outcome is recorded, by this attempt and earlier ones
}

func newRound(done, open int) *round {
	r := &round{open: open}
	r.left.Store(int64(open))
	r.done.Store(int64(done))
	return r
}

// last notes that the parcel i has an outcome, and reports whether it is the last.
func (r *round) last(i int) bool {
	if r.left.Add(-1) > 0 {
		return false
	}
	r.latest.Store(int64(i) + 1)
	return true
}

// rest returns the parcel whose outcome is not recorded yet, if there is one.
func (r *round) rest(answers []answer, state State) []Shipment {
	i := int(r.latest.Load()) - 1
	if i < 0 {
		return nil
	}
	return []Shipment{answers[i].shipment(state)}
}

// record notes that the outcome of a parcel is recorded.
func (r *round) record(ctx context.Context) {
	r.done.Add(1)
	r.beat(ctx)
}

// beat reports the progress; also after a call that has not led to an outcome, because
// the attempt is alive.
func (r *round) beat(ctx context.Context) { progress.Report(ctx, int(r.done.Load())) }
