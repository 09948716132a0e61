package stage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/amends/amends/saga/sagatest/schedule"
	"github.com/amends/amends/saga/sagatest/search"
	"github.com/amends/amends/saga/sagatest/state"
)

// compare notes the world before a call of the flight if all faults of the
// schedule have hit, and ends the run if that world is known.
//
//workflowcheck:ignore
func (e *engine) compare(now time.Time, f *state.Flight) {
	if e.watch.Print == nil || len(e.hit) < len(e.schedule) || e.state.InDoubt(now) {
		return
	}
	w := e.note(context.Background(), now, fmt.Sprintf("%s %d", f.Name, f.ID), false)
	if e.watch.Known != nil && e.watch.Known(w) {
		e.cut = true
		panic(errCrash)
	}
}

// compareEnd notes the world after the saga's end. No run ends at another's end, so
// a run that may be cut does not need it.
func (e *engine) compareEnd(ctx context.Context, now time.Time) {
	if e.watch.Print != nil && e.watch.Known == nil && len(e.hit) == len(e.schedule) {
		e.note(ctx, now, schedule.End, true)
	}
}

func (e *engine) note(ctx context.Context, now time.Time, before string, ended bool) search.World {
	w, err := e.world(ctx, now, before, ended)
	must(err, "take a fingerprint")
	e.worlds = append(e.worlds, search.Boundary{At: len(e.calls), World: w})
	return w
}

// world returns the world right before a call. If ended, no run of the workflow is
// under way.
func (e *engine) world(ctx context.Context, now time.Time, before string, ended bool) (search.World, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %d %t\n", before, now.UnixNano(), e.hit.At(schedule.End) == schedule.Again)
	names := e.state.Names.Fresh()
	if !ended {
		e.state.Write(&b, now)
		names = e.state.Names.Clone()
	}
	for _, n := range slices.Sorted(maps.Keys(e.failing)) {
		if left := e.failing[n]; left > 0 {
			fmt.Fprintf(&b, "failing %s %d\n", n, left)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(e.away)) {
		if until := e.away[n]; now.Before(until) {
			fmt.Fprintf(&b, "away %s %d\n", n, until.UnixNano())
		}
	}
	for _, after := range slices.Sorted(maps.Keys(e.late)) {
		for _, z := range e.late[after] {
			b.WriteString("late " + after + " ")
			names.Write(&b, []byte(z.id))
			b.WriteByte('\n')
		}
	}
	text, err := e.watch.Print.Fingerprint(ctx)
	if err != nil {
		return search.World{}, err
	}
	names.Write(&b, text)
	sum := sha256.Sum256(b.Bytes())
	return search.World(sum[:16]), nil
}
