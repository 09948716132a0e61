package course

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// Reported takes over a report about an order, and reports whether it changed r. The order
// has one flag for each step that is stuck, since the first report; it goes when the step
// has succeeded, whichever event has led to that. A step whose undo is waived has none: a
// reminder leads to new events of it.
func Reported(r *order.Record, p Report, now time.Time) (changed bool) {
	if waived(*r, p.Flag.Step) {
		return false
	}
	i := slices.IndexFunc(r.Course.Troubles, with(p.Event, p.Flag.Step))
	if i >= 0 && r.Course.Troubles[i].Flag == nil {
		return false
	}
	troubles := slices.Clone(r.Course.Troubles)
	if i < 0 {
		i, troubles = len(troubles), append(troubles, order.Trouble{Event: p.Event, Step: p.Flag.Step})
	}
	r.Course.Troubles = troubles
	if p.Over {
		calm(r, now, of(func(step string) bool { return step == p.Flag.Step }))
		return true
	}
	flag := p.Flag
	flag.Owed += amount(*r, p.Holds)
	if was := troubles[i].Flag; was != nil {
		flag.Since = was.Since
		if *was == flag {
			return false
		}
	}
	troubles[i].Flag = &flag
	flagged(r, now)
	return true
}

// end ends the trouble of a step with an event, also one that is heard of later, and reports
// whether it changed r.
func end(r *order.Record, event, step string, now time.Time) (changed bool) {
	this := with(event, step)
	if !slices.ContainsFunc(r.Course.Troubles, this) {
		r.Course.Troubles = append(slices.Clip(r.Course.Troubles), order.Trouble{Event: event, Step: step})
		return true
	}
	return calm(r, now, this)
}

// with is the trouble of a step with an event.
func with(event, step string) func(order.Trouble) bool {
	return func(t order.Trouble) bool { return t.Event == event && t.Step == step }
}

// calm ends those troubles that are not over, and reports whether there are any.
func calm(r *order.Record, now time.Time, these func(order.Trouble) bool) (ended bool) {
	r.Course.Troubles = slices.Clone(r.Course.Troubles)
	for i, t := range r.Course.Troubles {
		if t.Flag != nil && these(t) {
			r.Course.Troubles[i].Flag, ended = nil, true
		}
	}
	if ended {
		flagged(r, now)
	}
	return ended
}

// of are the troubles of steps.
func of(these func(step string) bool) func(order.Trouble) bool {
	return func(t order.Trouble) bool { return these(t.Flag.Step) }
}

// Calm ends all trouble of an order whose steps are taken.
func Calm(r *order.Record, now time.Time) { calm(r, now, func(order.Trouble) bool { return true }) }

// flagged gives r the flags of its trouble, beside the lasting ones.
func flagged(r *order.Record, now time.Time) {
	var all []ledger.Attention
	for _, a := range r.Attention {
		if a.Saga == "" && a.Lasting {
			all = append(all, a)
		}
	}
	for _, t := range r.Course.Troubles {
		if t.Flag == nil {
			continue
		}
		same := func(a ledger.Attention) bool { return a.Step == t.Flag.Step && !a.Lasting }
		if i := slices.IndexFunc(all, same); i >= 0 {
			since := all[i].Since
			all[i], all[i].Since = *t.Flag, since
			continue
		}
		all = append(all, *t.Flag)
	}
	note(r, now, all)
}

// amount returns how much of an effect an order may hold, ": 42.00 EUR"; empty: that is not
// known.
func amount(r order.Record, h Holding) string {
	switch {
	case h == Money && r.Course.Quote != nil:
		return fmt.Sprintf(": %s", r.Course.Quote.Total)
	case h == Stock:
		var units int64
		for _, l := range r.Placement.Lines {
			units += l.Quantity
		}
		return fmt.Sprintf(": %d units", units)
	case h == Parcels && len(r.Course.Parcels) > 0:
		var numbers []string
		for _, p := range r.Course.Parcels {
			numbers = append(numbers, p.TrackingNumber)
		}
		return ": " + strings.Join(numbers, ", ")
	}
	return ""
}
