package sagatest

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amends/amends/saga/sagatest/stage"
)

// Explorer tries schedules of faults on a saga.
type Explorer struct {
	// New returns a new subject; each worker has its own.
	New func() (Subject, error)
	// SagaID is the id of the saga that the subject starts, for a cancel.
	SagaID string
	// Refusable are the steps that the subject can refuse; see [Refuser].
	Refusable []string
	// Faults is the greatest number of faults in a schedule.
	Faults int
	// Sample is the greatest number of schedules tried of each size, drawn by Seed;
	// 0 tries all of them.
	Sample int
	Seed   uint64
	// Workers is the number of subjects that work in parallel; 0 is one per core.
	Workers int
	// Dense is the greatest number of faults in a schedule that has one at any attempt
	// during an outage. Larger schedules have faults only at its first two retries and
	// its last: only time passes in between. 0 means no limit. With a limit no worlds
	// are compared.
	Dense int
	// Unreduced also runs every schedule that is the same run as another one, or
	// goes on from an equal world. It is there to check that this finds nothing more.
	Unreduced bool
}

// Run tries schedules in order of their size, and stops after the first size with a
// failure, so the reported failure is one of the shortest. A broken promise is in
// the report; the error is of a subject that cannot be made, or of ctx.
func (e Explorer) Run(ctx context.Context) (Report, error) {
	began := time.Now()
	report := Report{Hits: map[Kind]int{}, cells: map[cell]bool{}}
	pool, err := e.open()
	if err != nil {
		return report, err
	}
	random := rand.New(rand.NewPCG(e.Seed, 0))
	level, now := []growth{{}}, Size{}
	known := map[string]bool{}
	futures := &worlds{all: map[stage.World]struct{}{}} // in the order of the schedules, so that it depends on nothing else
	for size := 0; size <= e.Faults && len(level) > 0; size++ {
		grow := size < e.Faults
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
			next []growth
			then Size
		)
		for i, r := range results {
			if !r.ran {
				continue
			}
			results[i] = result{} // a level has hundreds of thousands
			from := level[i].schedule()
			now.count(r.cut)
			if size > 0 && !r.short {
				report.cells[level[i].cell] = true
			}
			if !r.cut {
				report.hits(from, r)
			}
			if r.err == nil && !e.Unreduced && r.short {
				r.err = errNotAgain
			}
			if r.err != nil && report.Failure == nil {
				report.Failure = &Failure{Schedule: from, Err: r.err, Trace: r.trace}
			}
			then.Same += r.same
			until := futures.claim(r.past)
			for _, g := range r.more {
				g.from, g.amid = from, g.amid || level[i].amid
				switch {
				case g.at >= until:
					then.Same++
				case e.Unreduced && !fresh(known, g):
				case e.Dense > 0 && size >= e.Dense && g.amid:
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
		if e.Sample > 0 && len(next) > e.Sample {
			next, then.Sampled = draw(random, next, e.Sample), true
		}
		level, now = next, then
	}
	report.Elapsed = time.Since(began)
	if report.Failure != nil && e.Sample > 0 {
		report.Failure = pool.shrink(ctx, report.Failure)
	}
	return report, nil
}

// errNotAgain means that the explorer cannot be trusted with this saga. A schedule
// grows at a call that was made after all its faults had hit, and up to there
// the longer schedule's run must be the same.
var errNotAgain = errors.New("a run went on differently than the one before it up to the same call: something in it depends on chance or on real time")

// growth is a schedule that gets one more fault.
type growth struct {
	from Schedule
	by   Fault
	cell cell
	at   int  // index of the call
	amid bool // one of the faults is in the middle of an outage
}

func (g growth) schedule() Schedule {
	if g.by == (Fault{}) {
		return nil
	}
	return g.from.With(g.by)
}

// fresh reports whether a growth leads to a new schedule. Without the reduction a
// schedule grows from each of its parts.
func fresh(known map[string]bool, g growth) bool {
	line := g.schedule().String()
	was := known[line]
	known[line] = true
	return !was
}

// Replay runs one schedule, and returns its failure; nil: it breaks no promise.
func (e Explorer) Replay(ctx context.Context, line string) (*Failure, error) {
	s, err := ParseSchedule(line)
	if err != nil {
		return nil, err
	}
	x, err := e.explorer()
	if err != nil {
		return nil, err
	}
	r := x.run(ctx, s, false, nil)
	if r.err == nil {
		return nil, nil
	}
	return &Failure{Schedule: s, Err: r.err, Trace: r.trace}, nil
}

// pool is an explorer per worker.
type pool []*explorer

func (e Explorer) open() (pool, error) {
	p := make(pool, cmp.Or(e.Workers, runtime.GOMAXPROCS(0)))
	for i := range p {
		var err error
		if p[i], err = e.explorer(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// run runs schedules, and notes how each can grow if grow is set. Otherwise runs
// end at worlds that are known: those of smaller schedules and, as every run is as
// good, those of the runs so far that broke no promise.
func (p pool) run(ctx context.Context, all []growth, grow bool, known *worlds) []result {
	if grow {
		known = nil
	}
	results := make([]result, len(all))
	jobs := make(chan int)
	var (
		group  sync.WaitGroup
		failed atomic.Int64 // index of the first failure so far: later ones need not run
	)
	failed.Store(int64(len(all)))
	for _, x := range p {
		group.Go(func() {
			for i := range jobs {
				if int64(i) > failed.Load() {
					continue
				}
				results[i] = x.run(ctx, all[i].schedule(), grow, known)
				results[i].ran = true
				if known != nil && results[i].err == nil {
					known.add(results[i].past)
					results[i].past = nil
				}
				for at := failed.Load(); results[i].err != nil && int64(i) < at && !failed.CompareAndSwap(at, int64(i)); {
					at = failed.Load()
				}
			}
		})
	}
	for i := range all {
		if ctx.Err() != nil {
			break
		}
		jobs <- i
	}
	close(jobs)
	group.Wait()
	return results
}

// shrink drops faults from a failing schedule as long as it still fails.
func (p pool) shrink(ctx context.Context, f *Failure) *Failure {
	for i := 0; i < len(f.Schedule); i++ {
		s := slices.Delete(slices.Clone(f.Schedule), i, i+1)
		if r := p[0].run(ctx, s, false, nil); r.err != nil {
			f = &Failure{Schedule: s, Err: r.err, Trace: r.trace}
			i = -1
		}
	}
	return f
}
