package orderview

import (
	"errors"

	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// Restart writes what a resume of an order, or a rerun, will do again and what not: for each
// step that is known, and for the order as a whole.
func Restart(s show.Screen, o workflows.OrderView, rerun bool) error {
	t := show.NewTable(show.Text("Step"), show.Text("State"), show.Prose("Holds"), show.Prose("Then"))
	for _, step := range o.Steps {
		t.Row(step.Name, show.State(step.State), step.Exposure, then(step.State))
	}
	return errors.Join(s.Note("%s", outcome(o, rerun)), s.Tables(t))
}

// outcome says where the order goes.
func outcome(o workflows.OrderView, rerun bool) string {
	if !rerun {
		return "A resume asks the payment service, and the provider, first whether the money was taken. If it was, all steps are asked again and\n" +
			"the order is confirmed. Otherwise the payment is blocked for ever, everything is undone, and the order is cancelled."
	}
	const first = "A rerun begins the saga again under the same keys. Effects happen once: a step that was done answers from its record, and only a step that\n" +
		"its service has lost, or that never ran, takes effect. "
	switch o.Status {
	case workflows.StatusConfirmed:
		return first + "The order is confirmed, and stays so."
	case workflows.StatusCancelled:
		return first + "The order is cancelled, and stays so: everything is undone again."
	default:
		return first + "If decide-by has passed, or the order was aborted, it settles the payment\n" +
			"first: if the money was taken it goes forward, otherwise it undoes everything and cancels the order."
	}
}

// then says what becomes of a step in a state.
func then(s saga.State) string {
	switch s {
	case saga.Done:
		return "asked again: its record answers, and nothing happens twice"
	case saga.Refused:
		return "asked again: its record refuses again"
	case saga.Undone:
		return "stays undone: its key is blocked"
	case saga.Waived:
		return "left alone: an operator has waived it"
	default: // it is under way, or its outcome is not known
		return "asked again: its service first finds out whether it took effect"
	}
}
