package workflows

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
)

// note keeps the flags and the waivers in the order's record, whenever they change:
// the record can be listed, and outlives the workflow.
func (s *orderSaga) note(ctx workflow.Context, v saga.View) error {
	_, err := saga.Do(ctx, activities.NoteOrder, s.noteOf(ctx, v))
	if fault.CodeOf(err) == fault.NotFound {
		return nil // the order has no record yet; its last step notes the same
	}
	return err
}

// noteOf returns the flags and waivers of v.
func (s *orderSaga) noteOf(ctx workflow.Context, v saga.View) order.Note {
	return order.Note{At: s.clock.Next(ctx), Attention: v.Attention, Waivers: v.Waivers}
}

// amount returns how much money, stock or parcels the effect of a step is, as far as the run
// knows.
func (s *orderSaga) amount(step string) string {
	switch step {
	case activities.AuthorizePayment.Name, activities.CapturePayment.Name:
		if s.quote != nil {
			return s.quote.Total.String()
		}
	case activities.ReserveStock.Name:
		var units int64
		for _, l := range s.in.Placement.Lines {
			units += l.Quantity
		}
		return fmt.Sprintf("%d units", units)
	case activities.BookParcels.Name:
		if s.booking != nil {
			return fmt.Sprintf("%d parcels", len(s.booking.Shipments))
		}
	}
	return ""
}

// waivers returns the record's waivers, which may be of another run, and those of
// this run: the first one of each step stays.
func (s *orderSaga) waivers(progress saga.View) []saga.Waiver {
	all := append([]saga.Waiver{}, s.record.Waivers...)
	for _, w := range progress.Waivers {
		if !slices.ContainsFunc(all, func(have saga.Waiver) bool { return have.Step == w.Step }) {
			all = append(all, w)
		}
	}
	return all
}
