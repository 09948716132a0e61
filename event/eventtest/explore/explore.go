package explore

import (
	"context"

	"github.com/amends/amends/event/eventtest/stage"
	"github.com/amends/amends/saga/sagatest/schedule"
	"github.com/amends/amends/saga/sagatest/search"
)

// The types of the packages stage, schedule and search that a test of a choreography uses.
type (
	// Subject is a choreographed saga with everything it works on.
	Subject = stage.Subject
	// Canceler is a [Subject] that a customer can cancel.
	Canceler = stage.Canceler
	// Expirer is a [Subject] with a deadline.
	Expirer = stage.Expirer
	// Refuser is a [Subject] whose services can refuse a step.
	Refuser = stage.Refuser
	// Disturber is a [Subject] whose surroundings can change beside the saga.
	Disturber = stage.Disturber
	// Reporter is a [Subject] whose services tell others of the events that they fail to
	// react to.
	Reporter = stage.Reporter
	// Registry has the listeners of a [Subject], and fails their calls.
	Registry = stage.Registry
	// End is how a saga ended.
	End = stage.End
	// Schedule is a set of faults, at most one per call.
	Schedule = schedule.Schedule
	// Report is the result of an exploration.
	Report = search.Report
	// Failure is a schedule after which a promise was broken.
	Failure = search.Failure
)

// Explorer tries schedules of faults on a choreographed saga.
type Explorer struct {
	// New returns a new subject, which has given its listeners to r; each worker has its
	// own.
	New func(r *Registry) (Subject, error)
	// Faults is the greatest number of faults in a schedule.
	Faults int
	// Sample is the greatest number of schedules tried of each size, drawn by Seed;
	// 0 tries all of them.
	Sample int
	Seed   uint64
	// Workers is the number of subjects that work in parallel; 0 is one per core.
	Workers int
}

// Run tries schedules in order of their size, and stops after the first size with a
// failure, so the reported failure is one of the shortest. A broken promise is in
// the report; the error is of a subject that cannot be made, or of ctx.
func (e Explorer) Run(ctx context.Context) (Report, error) {
	o := search.Options{Faults: e.Faults, Sample: e.Sample, Seed: e.Seed, Workers: e.Workers}
	return search.Run(ctx, o, func() (search.Runner, error) { return e.runner() })
}

// Replay runs one schedule, and returns its failure; nil: it breaks no promise.
func (e Explorer) Replay(ctx context.Context, line string) (*Failure, error) {
	r, err := e.runner()
	if err != nil {
		return nil, err
	}
	return search.Replay(ctx, r, line)
}

func (e Explorer) runner() (*runner, error) {
	g, err := stage.New(e.New)
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller's own
	}
	return &runner{g}, nil
}

// runner runs schedules on one stage.
type runner struct{ stage *stage.Stage }

// Run implements [search.Runner]. A schedule grows at the calls after its last fault only:
// up to there the longer one's run is the same, so every schedule whose faults all hit is
// reached by adding them in the order in which they do.
func (r *runner) Run(ctx context.Context, s Schedule, grow bool, _ *search.Worlds) search.Result {
	o := r.stage.Run(ctx, s)
	one := search.Result{Err: o.Err, Short: len(o.Hit) < len(s), Hit: o.Hit}
	if one.Err != nil {
		one.Trace = o.Trace()
	}
	if one.Err != nil || !grow || one.Short {
		return one
	}
	for i := o.Settled; i < len(o.Calls); i++ {
		call := o.Calls[i].Call
		for _, k := range o.Calls[i].Kinds {
			c := search.Cell{Name: schedule.Name(call), Kind: k}
			one.More = append(one.More, search.Growth{By: schedule.Fault{Call: call, Kind: k}, Cell: c, At: i})
		}
	}
	return one
}

// Cells implements [search.Runner]: the reactions of a choreography are declared.
func (r *runner) Cells() (all []search.Cell) {
	for name, kinds := range r.stage.Reactions() {
		for _, k := range kinds {
			all = append(all, search.Cell{Name: name, Kind: k})
		}
	}
	return all
}
