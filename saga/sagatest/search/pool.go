package search

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// pool is a runner per worker.
type pool []Runner

func open(workers int, newRunner func() (Runner, error)) (pool, error) {
	p := make(pool, cmp.Or(workers, runtime.GOMAXPROCS(0)))
	for i := range p {
		var err error
		if p[i], err = newRunner(); err != nil {
			return nil, fmt.Errorf("make a subject: %w", err)
		}
	}
	return p, nil
}

// outcome is the result of a schedule that may not have run.
type outcome struct {
	Result

	ran bool
}

// run runs schedules, and notes how each can grow if grow is set. Otherwise runs
// end at worlds that are known: those of smaller schedules and, as every run is as
// good, those of the runs so far that broke no promise.
func (p pool) run(ctx context.Context, all []Growth, grow bool, known *Worlds) []outcome {
	if grow {
		known = nil
	}
	results := make([]outcome, len(all))
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
				results[i] = outcome{x.Run(ctx, all[i].schedule(), grow, known), true}
				if known != nil && results[i].Err == nil {
					known.add(results[i].Past)
					results[i].Past = nil
				}
				for at := failed.Load(); results[i].Err != nil && int64(i) < at && !failed.CompareAndSwap(at, int64(i)); {
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
		if r := p[0].Run(ctx, s, false, nil); r.Err != nil {
			f = &Failure{Schedule: s, Err: r.Err, Trace: r.Trace}
			i = -1
		}
	}
	return f
}
