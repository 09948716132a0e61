package sagatest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
)

// Explorer tries schedules of faults on a saga.
type Explorer struct {
	// New makes a subject; one per goroutine.
	New func() (Subject, error)
	// SagaID is the id of the saga that Start begins, for [Cancel].
	SagaID string
	// Refusable are the steps that the subject can refuse; see [Refuser].
	Refusable []string
	// Faults is how many faults a schedule has at most.
	Faults int
	// Sample bounds how many schedules of each size are tried, drawn by Seed; 0
	// tries all of them.
	Sample int
	Seed   uint64
	// Workers is how many subjects work at a time; 0 is one per core.
	Workers int
}

// Report is what an exploration did.
type Report struct {
	Schedules int          // how many were tried
	Sizes     []int        // of them with 0, 1, 2 … faults
	Hits      map[Kind]int // how often each kind of fault really happened
	Elapsed   time.Duration
	Failure   *Failure // the first of the shortest schedules that broke a promise; nil: none
}

// Failure is a schedule that broke a promise.
type Failure struct {
	Schedule Schedule
	Err      error
	Trace    []string // the calls, in order
}

// Error returns the schedule as a line that [Explorer.Replay] runs again.
func (f *Failure) Error() string {
	trace := strings.Join(f.Trace[:min(len(f.Trace), 100)], " ")
	return fmt.Sprintf("schedule %q: %v\n\t%d calls: %s", f.Schedule, f.Err, len(f.Trace), trace)
}

// String returns the report as a line and one for each kind of fault.
func (r Report) String() string {
	rate := float64(r.Schedules) / max(r.Elapsed.Seconds(), 1e-9)
	var b strings.Builder
	fmt.Fprintf(&b, "%d schedules (by number of faults: %v) in %s, %.0f/s; faults that hit:", r.Schedules, r.Sizes, r.Elapsed.Round(time.Millisecond), rate)
	for _, k := range slices.Sorted(maps.Keys(r.Hits)) {
		fmt.Fprintf(&b, " %s %d", k, r.Hits[k])
	}
	return b.String()
}

// errNeverHit says that a run proves less than it seems to.
var errNeverHit = errors.New("the run is invalid: kinds of faults that could happen never did")

// Valid returns an error if a kind of fault that could have happened never did:
// then a run without a failure shows nothing.
func (r Report) Valid(e Explorer) error {
	var missing []string
	for _, k := range allKinds {
		possible := e.Faults > 0 && (len(e.Refusable) > 0 || k != Refuse && k != RefuseLost)
		if possible && r.Hits[k] == 0 {
			missing = append(missing, string(k))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: %s", errNeverHit, strings.Join(missing, ", "))
	}
	return nil
}

// Run tries schedules in order of their size, and stops after the size at which
// one failed: so the failure that it reports is of the shortest. Schedules grow
// from what runs really called: a fault is added at a call that was made.
func (e Explorer) Run(ctx context.Context) (Report, error) {
	began := time.Now()
	report := Report{Hits: map[Kind]int{}}
	pool, err := e.open()
	if err != nil {
		return report, err
	}
	random := rand.New(rand.NewPCG(e.Seed, 0))
	level := []Schedule{{}}
	known := map[string]bool{"": true}
	for size := 0; size <= e.Faults && len(level) > 0; size++ {
		results := pool.run(ctx, level)
		if err := ctx.Err(); err != nil {
			return report, err
		}
		var next []Schedule
		for i, r := range results {
			if !r.ran {
				continue
			}
			report.Schedules++
			for _, f := range r.hit {
				report.Hits[f.Kind]++
			}
			if r.err != nil {
				if report.Failure == nil {
					report.Failure = &Failure{Schedule: level[i], Err: r.err, Trace: r.trace}
				}
				continue
			}
			if size == e.Faults || len(r.hit) < size {
				continue // a fault that did not happen adds nothing
			}
			for _, f := range r.possible {
				s := level[i].with(f)
				if key := s.String(); level[i].at(f.Call) == "" && !known[key] {
					known[key] = true
					next = append(next, s)
				}
			}
		}
		report.Sizes = append(report.Sizes, len(level))
		if report.Failure != nil {
			break
		}
		if e.Sample > 0 && len(next) > e.Sample {
			random.Shuffle(len(next), func(i, j int) { next[i], next[j] = next[j], next[i] })
			next = next[:e.Sample]
		}
		level = next
	}
	report.Elapsed = time.Since(began)
	if report.Failure != nil && e.Sample > 0 {
		report.Failure = pool.shrink(ctx, report.Failure)
	}
	return report, nil
}

// Replay runs one schedule.
func (e Explorer) Replay(ctx context.Context, line string) (*Failure, error) {
	s, err := ParseSchedule(line)
	if err != nil {
		return nil, err
	}
	x, err := e.explorer()
	if err != nil {
		return nil, err
	}
	r := x.run(ctx, s)
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

func (p pool) run(ctx context.Context, all []Schedule) []result {
	results := make([]result, len(all))
	jobs := make(chan int)
	var (
		group  sync.WaitGroup
		failed atomic.Int64 // index of the first failure so far: what comes after it need not run
	)
	failed.Store(int64(len(all)))
	for _, x := range p {
		group.Go(func() {
			for i := range jobs {
				if int64(i) > failed.Load() {
					continue
				}
				results[i] = x.run(ctx, all[i])
				results[i].ran = true
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
		if r := p[0].run(ctx, s); r.err != nil {
			f = &Failure{Schedule: s, Err: r.err, Trace: r.trace}
			i = -1
		}
	}
	return f
}

// explorer runs schedules on one subject.
type explorer struct {
	subject   Subject
	registry  *Registry
	sagaID    string
	refusable map[string]bool
}

func (e Explorer) explorer() (*explorer, error) {
	s, err := e.New()
	if err != nil {
		return nil, fmt.Errorf("make a subject: %w", err)
	}
	x := &explorer{subject: s, sagaID: e.SagaID, refusable: map[string]bool{}}
	for _, step := range e.Refusable {
		x.refusable[step] = true
	}
	x.registry = &Registry{activities: map[string]any{}}
	s.Register(x.registry)
	return x, nil
}

// result is what one schedule led to.
type result struct {
	ran      bool
	err      error
	trace    []string
	hit      Schedule
	possible []Fault // that could be added to the schedule
}

var quiet = sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))

// decideAfter is how long a saga has to decide. It is longer than three retries.
const decideAfter = 10 * time.Minute

// run runs one schedule from a fresh world to the saga's end, and judges it.
func (x *explorer) run(ctx context.Context, s Schedule) (r result) {
	e := &engine{
		subject: x.subject, registry: x.registry, sagaID: x.sagaID, schedule: s,
		seen: map[string]int{}, late: map[string][]func(){}, failing: map[string]int{}, away: map[string]time.Time{},
	}
	x.registry.engine = e
	defer func() {
		if p := recover(); p != nil {
			r.err = fmt.Errorf("panic: %v", p)
		}
		r.trace, r.hit = e.trace, e.hit
		for _, call := range append(slices.Clone(e.trace), end) {
			for _, k := range x.kindsOf(call) {
				r.possible = append(r.possible, Fault{Call: call, Kind: k})
			}
		}
	}()
	must(x.subject.Reset(ctx), "reset")

	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	e.decideBy = now.Add(decideAfter)
	workflow, input := x.subject.Start(now, e.decideBy)
	runs := 0
	for {
		env := x.once(e, now, workflow, input)
		runs++
		now = env.Now().Add(time.Minute)
		if e.crashed {
			e.crashed = false
			continue
		}
		if err := env.GetWorkflowError(); err != nil {
			return result{err: fmt.Errorf("the workflow failed: %w", err)}
		}
		for _, n := range slices.Sorted(maps.Keys(e.late)) { // the latest of all zombies
			for _, z := range e.late[n] {
				z()
			}
			delete(e.late, n)
		}
		if err := x.subject.Check(ctx, End{Result: env.GetWorkflowResult, Faults: e.hit, Runs: runs}); err != nil {
			return result{err: err}
		}
		if s.at(end) != Again || e.hit.at(end) == Again {
			return result{}
		}
		e.hit = append(e.hit, Fault{Call: end, Kind: Again})
		now = now.Add(24 * time.Hour)
	}
}

// once runs the workflow in an environment of its own, whose clock goes on from
// now.
func (x *explorer) once(e *engine, now time.Time, workflow string, input any) *testsuite.TestWorkflowEnvironment {
	var ts testsuite.WorkflowTestSuite
	ts.SetLogger(quiet)
	if e.acts == nil {
		e.acts = ts.NewTestActivityEnvironment()
		for n, f := range x.registry.activities {
			e.acts.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: n})
		}
	}
	e.env = ts.NewTestWorkflowEnvironment()
	e.env.SetStartTime(now)
	e.env.SetTestTimeout(30 * time.Second)
	e.env.SetWorkerOptions(worker.Options{
		Interceptors:             []interceptor.WorkerInterceptor{&inbound{engine: e}},
		DeadlockDetectionTimeout: time.Minute, // activities run in the workflow's thread here
	})
	for _, w := range x.registry.workflows {
		e.env.RegisterWorkflowWithOptions(w.f, w.o)
	}
	e.env.ExecuteWorkflow(workflow, input)
	return e.env
}
