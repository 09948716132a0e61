package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
)

// note keeps in the order's record what needs a person and what one has waived,
// whenever that changes: the record can be listed, and outlives the workflow.
func (s *orderSaga) note(ctx workflow.Context, v saga.View) error {
	_, err := saga.Do(ctx, activities.NoteOrder, s.noteOf(ctx, v))
	if fault.CodeOf(err) == fault.NotFound {
		return nil // there is no record yet; whatever ends the order notes it too
	}
	return err
}

// noteOf returns what v says in the order service's words. Every note of a run is
// younger than the one before, also of the same moment: only the youngest counts.
func (s *orderSaga) noteOf(ctx workflow.Context, v saga.View) order.Note {
	at := workflow.Now(ctx).UTC().Truncate(time.Microsecond)
	if !at.After(s.noted) {
		at = s.noted.Add(time.Microsecond)
	}
	s.noted = at
	return order.Note{At: at, Attention: v.Attention, Waivers: v.Waivers}
}

// waivers returns those that the record has, maybe of another run, and those of
// this run: of each step the first one stays.
func (s *orderSaga) waivers(progress saga.View) []saga.Waiver {
	all := append([]saga.Waiver{}, s.record.Waivers...)
	for _, w := range progress.Waivers {
		if !slices.ContainsFunc(all, func(have saga.Waiver) bool { return have.Step == w.Step }) {
			all = append(all, w)
		}
	}
	return all
}
