package state

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"github.com/amends/amends/saga/sagatest/schedule"
)

// Flight is an activity that was started and has not ended.
type Flight struct {
	ID       int
	Name     string
	Interval time.Duration // before the attempt after this one
	Deadline time.Time
	Local    bool          // it runs where the workflow does
	Last     bool          // there is no attempt after this one
	Left     bool          // the workflow has canceled it, and waits no more
	Doing    string        // where its coroutine is
	Kind     schedule.Kind // the fault at its attempt
	Until    time.Time     // when its wait ends
}

// timer was set and has not fired; a cancelled one is kept.
type timer struct {
	at time.Time
	of int // the flight that set it; 0: the workflow
}

// Run is the state of a workflow run: a digest of all that it was given, its
// timers and its flights. Begin it before use.
type Run struct {
	Names   Aliases
	digest  [sha256.Size]byte
	flights []*Flight
	timers  []timer // in the order in which they were set
	started int     // flights
	setting int     // the flight that sets the next timer
	doubt   bool    // the order in which the workflow was given two things is unknown
	scratch bytes.Buffer
}

// Begin forgets everything: a new run begins now.
func (r *Run) Begin(now time.Time) {
	r.digest = sha256.Sum256([]byte(now.String()))
	r.Names = r.Names.Fresh()
	r.flights, r.timers, r.started, r.setting, r.doubt = nil, nil, 0, 0, false
}

// Note adds something that the workflow is given. Its own timers are not noted, as
// the time says that they fired, unless both happen at the same instant.
func (r *Run) Note(now time.Time, what string, text []byte) {
	r.doubt = r.doubt || r.fires(now)
	b := &r.scratch
	b.Reset()
	b.Write(r.digest[:])
	fmt.Fprintf(b, "%d %s ", now.UnixNano(), what)
	r.Names.Write(b, text)
	r.digest = sha256.Sum256(b.Bytes())
}

// Start notes an activity that the workflow has started.
func (r *Run) Start(name string) *Flight {
	r.started++
	f := &Flight{ID: r.started, Name: name, Doing: "starting"}
	r.flights = append(r.flights, f)
	return f
}

// Succeeded notes the result of a flight, which ends. (The checker fears printing.
// This is not workflow code, but of the engine that runs it.)
//
//workflowcheck:ignore
func (r *Run) Succeeded(now time.Time, f *Flight, value *commonpb.Payloads) {
	r.ended(now, f, "succeeded", value.GetPayloads()[0].GetData())
}

// Failed notes the failure of a flight, which ends.
//
//workflowcheck:ignore
func (r *Run) Failed(now time.Time, f *Flight, err error) {
	text, e := proto.MarshalOptions{Deterministic: true}.Marshal(temporal.GetDefaultFailureConverter().ErrorToFailure(err))
	if e != nil {
		panic(fmt.Sprintf("sagatest: encode a failure: %v", e))
	}
	r.ended(now, f, "failed", text)
}

// Canceled notes that the workflow waits no more for a flight, which goes on.
//
//workflowcheck:ignore
func (r *Run) Canceled(now time.Time, f *Flight) {
	r.Note(now, fmt.Sprintf("%d canceled", f.ID), nil)
}

func (r *Run) ended(now time.Time, f *Flight, how string, text []byte) {
	r.Note(now, fmt.Sprintf("%d %s %s", f.ID, how, f.Doing), text)
	r.Forget(f)
}

// Forget notes the end of a flight of which the workflow is told nothing.
func (r *Run) Forget(f *Flight) {
	r.flights = slices.DeleteFunc(r.flights, func(o *Flight) bool { return o == f })
}

// Setting names the flight that sets the next timer.
func (r *Run) Setting(f *Flight) { r.setting = f.ID }

// Set notes a timer that fires after d: of the flight that [Run.Setting] has named,
// else of the workflow.
func (r *Run) Set(now time.Time, d time.Duration) {
	r.timers = append(slices.DeleteFunc(r.timers, func(t timer) bool { return t.at.Before(now) }), timer{at: now.Add(d), of: r.setting})
	r.setting = 0
}

// Fired forgets the timer of a flight.
func (r *Run) Fired(f *Flight) {
	if i := slices.IndexFunc(r.timers, func(t timer) bool { return t.of == f.ID }); i >= 0 {
		r.timers = slices.Delete(r.timers, i, i+1)
	}
}

// stable is the greatest number of timers that Go's sort, and so the test
// environment's clock, keeps in the order in which they were set if they fire at
// the same time.
const stable = 12

// InDoubt reports whether the state at this instant is more than a Run knows: a
// timer of the workflow fires now, and it may have been told or not; it was told of
// a timer and of something else at one instant; or many timers fire at one.
func (r *Run) InDoubt(now time.Time) bool {
	return r.doubt || len(r.timers) > stable || r.fires(now)
}

// fires reports whether a timer of the workflow fires now, or was to.
func (r *Run) fires(now time.Time) bool {
	return slices.ContainsFunc(r.timers, func(t timer) bool { return t.of == 0 && t.at.Equal(now) })
}

// Write appends the state to b.
func (r *Run) Write(b *bytes.Buffer, now time.Time) {
	b.Write(r.digest[:])
	for _, f := range r.flights {
		fmt.Fprintf(b, "%d %s %d %d.%d %t %t %s %s %d\n", f.ID, f.Name, f.Interval, f.Deadline.Unix(), f.Deadline.Nanosecond(), f.Last, f.Left, f.Doing, f.Kind, f.Until.UnixNano())
	}
	for _, t := range r.timers {
		if !t.at.Before(now) {
			fmt.Fprintf(b, "%d %d\n", t.at.UnixNano(), t.of)
		}
	}
}
