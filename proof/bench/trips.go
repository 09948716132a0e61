package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/proof/bench/report"
	"github.com/amends/amends/proof/bench/rig"
	"github.com/amends/amends/proof/bench/wire"
)

// counting is the length of a round in which round trips are counted.
const counting = 5 * time.Second

// trips are the questions to databases per order, by contender, an order in whatever
// layout, and database.
type trips map[string]map[string]asked

// asked are the questions to one database per order.
type asked struct {
	trips      float64
	executions map[string]float64 // by SQL text
}

// countTrips runs every contender with services in the present layout once more, over
// a line that counts, and adds the sums to the measured ones.
func (c *comparison) countTrips(ctx context.Context, m *meter, all []contender, measured map[int][]report.Contender) (trips, error) {
	line, err := m.rig.CountTrips(ctx)
	if err != nil {
		return nil, err
	}
	counted := trips{}
	for _, concurrency := range c.concurrency {
		for i, who := range all {
			if who.name == bareName || who.layout != m.rig.Platform().Layout {
				continue
			}
			fmt.Fprintf(m.say, "%s: %d at a time, counting round trips\n", who.name, concurrency)
			own, ofEngine, err := c.count(ctx, who, concurrency, line, m.rig.Engine)
			if err != nil {
				return nil, err
			}
			// The idle contender beside it asks now and then, too.
			maps.DeleteFunc(own, func(database string, _ asked) bool { return rig.OfFloor(database) != (who.name == naiveName) })
			sum := 0.0
			for _, a := range own {
				sum += a.trips
			}
			series := &measured[concurrency][i]
			series.Rounds = append(series.Rounds, report.Sample{report.ServiceTrips: sum})
			maps.Copy(own, ofEngine)
			if who.tells {
				counted[orderName] = own
			} else {
				counted[naiveName] = own
			}
		}
	}
	return counted, nil
}

// count runs a contender, and returns the counts of the lines meanwhile. It has
// run before: connections are open, and statements prepared.
func (c *comparison) count(ctx context.Context, who contender, concurrency int, lines ...*wire.Line) (services, engine map[string]asked, err error) {
	w := work{concurrency: concurrency, duration: min(c.duration, c.warm), seed: c.seed}
	if _, err := who.run(ctx, w, func() {}); err != nil {
		return nil, nil, err
	}
	read := func() [2]map[string]wire.Count {
		var counts [2]map[string]wire.Count
		for i, l := range lines {
			if l != nil {
				counts[i] = l.Read()
			}
		}
		return counts
	}
	before, after := read(), [2]map[string]wire.Count{}
	w.duration = min(c.duration, counting)
	out, err := who.run(ctx, w, func() { after = read() })
	if err != nil {
		return nil, nil, err
	}
	return per(out.orders, before[0], after[0]), per(out.orders, before[1], after[1]), nil
}

// per returns the difference of two counts, per order.
func per(orders int, before, after map[string]wire.Count) map[string]asked {
	all := map[string]asked{}
	for database, n := range after {
		a := asked{trips: float64(n.Trips-before[database].Trips) / float64(orders), executions: map[string]float64{}}
		for text, executed := range n.Statements {
			if executed -= before[database].Statements[text]; executed > 0 {
				a.executions[text] = float64(executed) / float64(orders)
			}
		}
		if a.trips > 0 {
			all[database] = a
		}
	}
	return all
}

// table is the round trips per order by database.
func (t trips) table() *report.Table {
	table := report.NewTable("database", "round trips", "statements")
	for _, who := range []string{orderName, naiveName} {
		for _, database := range slices.Sorted(maps.Keys(t[who])) {
			sum, a := 0.0, t[who][database]
			for _, n := range a.executions {
				sum += n
			}
			name := strings.TrimPrefix(database, "amends_")
			if name == database { // the engine's, which both use
				name += " (" + who + ")"
			}
			table.Row(name, fmt.Sprintf("%.2f", a.trips), fmt.Sprintf("%.2f", sum))
		}
	}
	return table
}

// statements lists every statement of an order, and beside it how often floor-n
// executes it, the most frequent first.
func (t trips) statements() string {
	var b strings.Builder
	for _, database := range slices.Sorted(maps.Keys(t[orderName])) {
		fmt.Fprintf(&b, "%s\n", database)
		own, floors := t[orderName][database].executions, t[naiveName][database].executions
		texts := slices.SortedFunc(maps.Keys(own), func(a, b string) int {
			return cmp.Or(cmp.Compare(own[b], own[a]), strings.Compare(a, b))
		})
		for _, text := range texts {
			fmt.Fprintf(&b, "  %6.2f  %6.2f  %.200s\n", own[text], floors[text], strings.Join(strings.Fields(text), " "))
		}
	}
	return b.String()
}
