package orderview

import (
	"errors"

	"github.com/amends/amends/internal/exposure"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/watch/needs"
	"github.com/amends/amends/internal/watch/stuck"
)

// Needs writes everything that needs an operator: first that no worker answers, then the
// flagged orders, the stuck ones, the dead letters, and the holdings of each order, with a total.
func Needs(s show.Screen, l needs.List) error {
	var problems []error
	if l.NoWorker != "" {
		problems = append(problems, s.Note("No worker of the order service answers: %s. Start one: nothing is decided without it.", l.NoWorker))
	}
	if len(l.Orders)+len(l.Stuck)+len(l.Letters) == 0 {
		return errors.Join(append(problems, s.Note("no order needs attention"))...)
	}
	if len(l.Orders) > 0 {
		problems = append(problems, Flagged(s, l.Orders, l.Total))
	}
	if len(l.Stuck) > 0 {
		problems = append(problems, Stuck(s, stuck.Report{Orders: l.Stuck}, len(l.Stuck)))
	}
	return errors.Join(append(problems, s.Tables(letters(l), holdings(l)))...)
}

func letters(l needs.List) *show.Table {
	t := show.NewTable(
		show.Text("Dead letter"), show.Text("Service"), show.OrderID("Order"), show.Text("Event").Dispensable(1), show.Moment("Since").Dispensable(2),
		show.Prose("Code"), show.Prose("Why"),
	)
	for _, d := range l.Letters {
		t.Row(d.ID, d.Group, d.Key, d.Type, show.Stamp(d.Since), d.Code, d.Message)
	}
	return t
}

// holdings has a row for each order, once, and one for all together.
func holdings(l needs.List) *show.Table {
	t := show.NewTable(show.OrderID("Order"), show.Prose("Holds"))
	seen := map[string]bool{}
	add := func(id string, e exposure.Exposure) {
		if !seen[id] {
			seen[id] = true
			t.Row(id, e)
		}
	}
	for _, o := range l.Orders {
		add(o.ID, o.Holds)
	}
	for _, o := range l.Stuck {
		add(o.ID, o.Holds)
	}
	for _, d := range l.Letters {
		add(d.Key, d.Holds)
	}
	t.Row("together", l.Holds)
	return t
}
