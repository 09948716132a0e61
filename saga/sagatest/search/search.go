package search

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/amends/amends/saga/sagatest/schedule"
)

// Options say which schedules are tried.
type Options struct {
	// Faults is the greatest number of faults in a schedule.
	Faults int
	// Sample is the greatest number of schedules tried of each size, drawn by Seed;
	// 0 tries all of them.
	Sample int
	Seed   uint64
	// Workers is the number of runners that work in parallel; 0 is one per core.
	Workers int
	// Dense is the greatest number of faults in a schedule that has one in the middle of
	// an outage; 0 means no limit.
	Dense int
	// Unreduced also runs every schedule that is the same run as another one, or
	// goes on from an equal world.
	Unreduced bool
	// Unsteered wants no marks: no schedule is tried for their sake.
	Unsteered bool
}

// Run tries schedules in order of their size, and stops after the first size with a
// failure, so the reported failure is one of the shortest. A broken promise is in
// the report; the error is of a runner that cannot be made, or of ctx.
func Run(ctx context.Context, o Options, newRunner func() (Runner, error)) (Report, error) {
	began := time.Now()
	report := Report{Hits: map[schedule.Kind]int{}, cells: map[Cell]bool{}, marks: newMarks()}
	pool, err := open(o.Workers, newRunner)
	if err != nil {
		return report, err
	}
	if o.Faults > 1 {
		for _, c := range pool[0].Cells() {
			report.cells[c] = false
		}
	}
	random := rand.New(rand.NewPCG(o.Seed, 0))
	level, now := []Growth{{}}, Size{}
	known := map[string]bool{}
	futures := &Worlds{all: map[World]struct{}{}} // in the order of the schedules, so that it depends on nothing else
	for size := 0; size <= o.Faults && len(level) > 0; size++ {
		grow := size < o.Faults
		at := time.Now()
		stops := futures
		if size < 2 {
			stops = nil // they are few, and so every kind of fault is judged
		}
		results := pool.run(ctx, level, grow, stops)
		if err := ctx.Err(); err != nil {
			return report, err
		}
		var (
			next []Growth
			then Size
		)
		for i, r := range results {
			if !r.ran {
				continue
			}
			results[i] = outcome{} // a level has hundreds of thousands
			from := level[i].schedule()
			now.count(r.Cut)
			if !o.Unsteered {
				report.marks.note(from, r.Result)
			}
			if size > 0 && !r.Short {
				report.cells[level[i].Cell] = true
			}
			if !r.Cut {
				report.hits(from, r.Result)
			}
			if r.Err == nil && !o.Unreduced && r.Short {
				r.Err = errNotAgain
			}
			if r.Err != nil && report.Failure == nil {
				report.Failure = &Failure{Schedule: from, Err: r.Err, Trace: r.Trace}
			}
			then.Same += r.Same
			until := futures.claim(r.Past)
			for _, g := range r.More {
				g.from, g.Amid = from, g.Amid || level[i].Amid
				switch {
				case g.At >= until:
					then.Same++
				case o.Unreduced && !fresh(known, g):
				case o.Dense > 0 && size >= o.Dense && g.Amid:
					then.LeftOut++
				default:
					next = append(next, g)
				}
			}
		}
		now.Elapsed = time.Since(at)
		report.Schedules += now.Schedules
		report.Ended += now.Ended
		report.Same += now.Same
		report.LeftOut += now.LeftOut
		report.Sizes = append(report.Sizes, now)
		if report.Failure != nil {
			break
		}
		then.Sampled = now.Sampled
		report.could(next)
		if o.Sample > 0 && len(next) > o.Sample {
			next, then.Sampled = draw(random, next, o.Sample), true
		}
		level, now = next, then
	}
	if report.Failure == nil && o.Faults > 0 {
		if err := report.steer(ctx, pool, random); err != nil {
			return report, err
		}
	}
	report.Elapsed = time.Since(began)
	if report.Failure != nil && (o.Sample > 0 || len(report.Failure.Schedule) > o.Faults) {
		report.Failure = pool.shrink(ctx, report.Failure)
	}
	return report, nil
}

// errNotAgain means that the explorer cannot be trusted with this saga. A schedule
// grows at a call that was made after all its faults had hit, and up to there
// the longer schedule's run must be the same.
var errNotAgain = errors.New("a run went on differently than the one before it up to the same call: something in it depends on chance or on real time")

// fresh reports whether a growth leads to a new schedule. Without the reduction a
// schedule grows from each of its parts.
func fresh(known map[string]bool, g Growth) bool {
	line := g.schedule().String()
	was := known[line]
	known[line] = true
	return !was
}

// Replay runs one schedule, and returns its failure; nil: it breaks no promise. The error
// is of a line that is no schedule.
func Replay(ctx context.Context, r Runner, line string) (*Failure, error) {
	s, err := schedule.Parse(line)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what is wrong with the line
	}
	one := r.Run(ctx, s, false, nil)
	if one.Err == nil {
		return nil, nil
	}
	return &Failure{Schedule: s, Err: one.Err, Trace: one.Trace}, nil
}
