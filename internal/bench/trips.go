package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/internal/bench/report"
	"github.com/amends/amends/internal/bench/wire"
)

// counting is how long a round lasts in which round trips are counted.
const counting = 5 * time.Second

// trips are round trips per order.
type trips struct {
	// byDatabase is by contender and database.
	byDatabase map[string]map[string]float64
	// executions of each statement of an order, by database.
	executions map[string]map[string]float64
}

// countTrips runs everybody who has services once more, over a line that counts,
// and adds the sums to what was measured.
func (c *comparison) countTrips(ctx context.Context, m *meter, all []contender, measured map[int][]report.Contender) (*trips, error) {
	line, err := m.rig.CountTrips(ctx)
	if err != nil {
		return nil, err
	}
	t := &trips{byDatabase: map[string]map[string]float64{}, executions: map[string]map[string]float64{}}
	for _, concurrency := range c.concurrency {
		for i, who := range all {
			if who.name == bareName {
				continue
			}
			fmt.Fprintf(m.say, "%s: %d at a time, counting round trips\n", who.name, concurrency)
			used, orders, err := c.count(ctx, who, concurrency, line)
			if err != nil {
				return nil, err
			}
			sum := 0.0
			t.byDatabase[who.name] = map[string]float64{}
			for database, n := range used {
				per := float64(n.Trips) / float64(orders)
				t.byDatabase[who.name][database] = per
				sum += per
			}
			if who.name == orderName {
				t.executions = executions(used, orders)
			}
			series := &measured[concurrency][i]
			series.Rounds = append(series.Rounds, report.Sample{report.ServiceTrips: sum})
		}
	}
	return t, nil
}

// count runs a contender, and returns what it asked each database meanwhile. It
// has run before: connections are open, and statements prepared.
func (c *comparison) count(ctx context.Context, who contender, concurrency int, line *wire.Line) (used map[string]wire.Count, orders int, err error) {
	w := work{concurrency: concurrency, duration: min(c.duration, c.warm), seed: c.seed}
	if _, err := who.run(ctx, w, func() {}); err != nil {
		return nil, 0, err
	}
	before := line.Read()
	w.duration = min(c.duration, counting)
	out, err := who.run(ctx, w, func() { used = line.Read() })
	if err != nil {
		return nil, 0, err
	}
	for database, n := range used {
		n.Trips -= before[database].Trips
		for text, executed := range before[database].Statements {
			n.Statements[text] -= executed
		}
		used[database] = n
	}
	return used, out.orders, nil
}

func executions(used map[string]wire.Count, orders int) map[string]map[string]float64 {
	all := map[string]map[string]float64{}
	for database, n := range used {
		for text, executed := range n.Statements {
			if executed == 0 {
				continue
			}
			if all[database] == nil {
				all[database] = map[string]float64{}
			}
			all[database][text] = float64(executed) / float64(orders)
		}
	}
	return all
}

// table is the round trips per order by database.
func (t *trips) table() *report.Table {
	table := report.NewTable("database", "round trips", "statements")
	for _, who := range []string{orderName, naiveName} {
		for _, database := range slices.Sorted(maps.Keys(t.byDatabase[who])) {
			per := t.byDatabase[who][database]
			if per == 0 {
				continue
			}
			statements := "–"
			if own, ok := t.executions[database]; ok {
				sum := 0.0
				for _, n := range own {
					sum += n
				}
				statements = fmt.Sprintf("%.2f", sum)
			}
			table.Row(strings.TrimPrefix(database, "amends_"), fmt.Sprintf("%.2f", per), statements)
		}
	}
	return table
}

// statements lists every statement of an order, the most frequent first.
func (t *trips) statements() string {
	var b strings.Builder
	for _, database := range slices.Sorted(maps.Keys(t.executions)) {
		fmt.Fprintf(&b, "%s\n", database)
		own := t.executions[database]
		texts := slices.SortedFunc(maps.Keys(own), func(a, b string) int {
			if own[a] != own[b] {
				return int(1000*own[b]) - int(1000*own[a])
			}
			return strings.Compare(a, b)
		})
		for _, text := range texts {
			fmt.Fprintf(&b, "  %6.2f  %.160s\n", own[text], strings.Join(strings.Fields(text), " "))
		}
	}
	return b.String()
}
