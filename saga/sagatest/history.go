package sagatest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"
)

// flight is an activity that was started and has not ended.
type flight struct {
	id       int
	name     string
	interval time.Duration // before the attempt after this one
	deadline time.Time
	doing    string    // where its coroutine is
	kind     Kind      // the fault at its attempt
	until    time.Time // what it waits for
}

// timer is one that was set and has not fired; a cancelled one is kept.
type timer struct {
	at time.Time
	of int // the flight whose it is; 0: the workflow's
}

// history is what a run of the workflow was given: with the timers and flights,
// its state.
type history struct {
	names   names
	digest  [sha256.Size]byte
	flights []*flight
	timers  []timer // in the order in which they were set
	started int     // flights
	setting int     // the flight that sets the next one
	doubt   bool    // nobody here knows in which order it has learned two things
	scratch bytes.Buffer
}

func (h *history) begin(now time.Time) {
	h.digest = sha256.Sum256([]byte(now.String()))
	clear(h.names.ids)
	h.flights, h.timers, h.started, h.setting, h.doubt = nil, nil, 0, 0, false
}

// note adds something that the workflow learned. That a timer of its own has fired
// is not noted, as its time says so, unless they are at the same instant.
func (h *history) note(now time.Time, what string, text []byte) {
	h.doubt = h.doubt || h.fires(now)
	b := &h.scratch
	b.Reset()
	b.Write(h.digest[:])
	fmt.Fprintf(b, "%d %s ", now.UnixNano(), what)
	h.names.write(b, text)
	h.digest = sha256.Sum256(b.Bytes())
}

// start notes an activity that the workflow has started.
func (h *history) start(n string) *flight {
	h.started++
	f := &flight{id: h.started, name: n, doing: "starting"}
	h.flights = append(h.flights, f)
	return f
}

// succeeded notes an answer. (The checker fears printing. This is no workflow's code,
// but the engine that it runs on; so it is for compare.)
//
//workflowcheck:ignore
func (h *history) succeeded(now time.Time, f *flight, value *commonpb.Payloads) {
	h.ended(now, f, "succeeded", value.GetPayloads()[0].GetData())
}

// failed notes a failure.
//
//workflowcheck:ignore
func (h *history) failed(now time.Time, f *flight, err error) {
	text, e := proto.MarshalOptions{Deterministic: true}.Marshal(temporal.GetDefaultFailureConverter().ErrorToFailure(err))
	must(e, "encode a failure")
	h.ended(now, f, "failed", text)
}

func (h *history) ended(now time.Time, f *flight, how string, text []byte) {
	h.note(now, fmt.Sprintf("%d %s %s", f.id, how, f.doing), text)
	h.flights = slices.DeleteFunc(h.flights, func(o *flight) bool { return o == f })
}

// set notes a timer.
func (h *history) set(now time.Time, d time.Duration) {
	h.timers = append(slices.DeleteFunc(h.timers, func(t timer) bool { return t.at.Before(now) }), timer{at: now.Add(d), of: h.setting})
	h.setting = 0
}

// fired forgets the timer of a flight.
func (h *history) fired(f *flight) {
	if i := slices.IndexFunc(h.timers, func(t timer) bool { return t.of == f.id }); i >= 0 {
		h.timers = slices.Delete(h.timers, i, i+1)
	}
}

// stable is how many timers Go's sort, and so the environment's clock, keeps in the
// order in which they were set if they fire at the same time.
const stable = 12

// inDoubt says that more may matter than is known here: the workflow may or may
// not have been told of a timer that fires now, or was told of one and of something
// else at the same instant, or which of many fires first.
func (h *history) inDoubt(now time.Time) bool {
	return h.doubt || len(h.timers) > stable || h.fires(now)
}

// fires says that a timer of the workflow fires now, or was to.
func (h *history) fires(now time.Time) bool {
	return slices.ContainsFunc(h.timers, func(t timer) bool { return t.of == 0 && t.at.Equal(now) })
}

// write writes the workflow's state.
func (h *history) write(b *bytes.Buffer, now time.Time) {
	b.Write(h.digest[:])
	for _, f := range h.flights {
		fmt.Fprintf(b, "%d %s %d %d.%d %s %s %d\n", f.id, f.name, f.interval, f.deadline.Unix(), f.deadline.Nanosecond(), f.doing, f.kind, f.until.UnixNano())
	}
	for _, t := range h.timers {
		if !t.at.Before(now) {
			fmt.Fprintf(b, "%d %d\n", t.at.UnixNano(), t.of)
		}
	}
}
