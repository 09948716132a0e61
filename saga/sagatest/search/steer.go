package search

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/amends/amends/saga/sagatest/schedule"
)

const (
	// furtherFaults is how many faults a steered schedule has beyond the one that it begins
	// with. A settle finds an intent after three: a lost reply, a crash and a cancel.
	furtherFaults = 2
	// steered is about how many schedules of one size are tried at most; each mark has an
	// equal part of them, and leastOf at least.
	steered, leastOf = 450, 40
	// alike is the greatest number of those in one cell. They differ in the faults before: a
	// record that stands after a lost reply is not the same as one after a lost call.
	alike = 4
)

// turns are the kinds of faults that make a saga come back to a record: it is aborted, or
// begins again.
var turns = []schedule.Kind{
	schedule.Cancel, schedule.Deadline, schedule.Away, schedule.Refuse, schedule.RefuseLost,
	schedule.Crash, schedule.CrashAfter, schedule.CrashLate, schedule.Again,
}

// steer tries schedules that may lead to marks that the search rarely came by. It begins
// with those of the search in which a mark stood, and adds faults while it stands.
func (r *Report) steer(ctx context.Context, p pool, random *rand.Rand) error {
	level := r.marks.leading()
	for further := 0; further <= furtherFaults && len(level) > 0 && r.Failure == nil; further++ {
		at := time.Now()
		results := p.run(ctx, level, further < furtherFaults, nil)
		if err := ctx.Err(); err != nil {
			return err //nolint:wrapcheck // the caller's own
		}
		size, next := Size{Sampled: true, Steered: true}, []Growth(nil)
		for i, one := range results {
			if !one.ran {
				continue
			}
			from := level[i].schedule()
			if further > 0 { // those that it begins with are of the search
				size.count(one.Cut)
				r.hits(from, one.Result)
				r.marks.note(from, one.Result)
			}
			if one.Err != nil && r.Failure == nil {
				r.Failure = &Failure{Schedule: from, Err: one.Err, Trace: one.Trace}
			}
			for _, g := range one.More {
				g.from = from
				next = append(next, g)
			}
		}
		if further > 0 {
			size.Elapsed = time.Since(at)
			r.Schedules += size.Schedules
			r.Sizes = append(r.Sizes, size)
		}
		level = leading(random, next, r.marks.rarest(enough))
	}
	return nil
}

// leading returns some of the growths for each mark.
func leading(random *rand.Rand, all []Growth, to []Mark) (some []Growth) {
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	taken := make([]bool, len(all))
	for _, m := range to {
		seen, left := map[Cell]int{}, max(steered/len(to), leastOf)
		for i, g := range all {
			if left == 0 {
				break
			}
			if taken[i] || seen[g.Cell] == alike || !slices.Contains(turns, g.By.Kind) || !slices.Contains(g.Leads, m) {
				continue
			}
			taken[i] = true
			seen[g.Cell]++
			left--
			some = append(some, g)
		}
	}
	return some
}
