// Package doctor is the reconciliation workflow: it compares the facts of all services
// about every order, reports violations of the platform's invariants, and resumes the
// sagas that can fix them.
//
// One run walks through the orders page by page. For each page it asks every
// service for its facts about the same key range of sagas, and the engine about
// the sagas of overdue orders (ask.go). Package judge turns the facts of one saga into
// findings. A run of the schedule looks at the sagas only in which something has changed
// since the last, except for one whole run a day (since.go). As pages of live databases are no snapshot, a suspected saga is asked for
// again by id, and only a finding made twice is reported. After the last page the run
// asks for the totals of each service and repairs the damage that it may (repair.go).
//
// The code here is workflow code, but it changes without versions: a run that no
// longer replays after a deployment is terminated, and nothing is lost. See
// docs/doctor.md.
package doctor

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/workflows/doctor/judge"
	"github.com/amends/amends/workflows/doctor/report"
)

// Report is the result of [Reconcile].
type Report = report.Report

// Names that schedules and callers use; they never change.
const (
	// Reconcile is the type name of the workflow.
	Reconcile = "Reconcile"
	// ScheduleID is the id of the schedule that starts it, on the default task queue.
	ScheduleID = "amends-doctor"
	// WorkflowID is the id of a run that an operator started, on the same.
	WorkflowID = "doctor"
)

// Input is the argument of [Reconcile]. The zero value of a field is its default.
type Input struct {
	// DryRun repairs nothing.
	DryRun bool `json:"dry_run,omitempty"`
	// Alone asks no services that only follow the facts of others: the platform has none.
	Alone bool `json:"alone,omitempty"`
	// Grace is how long after its decide-by an order is judged: time for the last
	// undo, and for clocks that differ. Default 10 min.
	Grace time.Duration `json:"grace,omitempty"`
	// Pause is the time between the first and the second look at a suspect. Default
	// 10 s.
	Pause time.Duration `json:"pause,omitempty"`
	// Patience is how long a service may fail to answer before it is reported as not
	// asked. Default 2 min.
	Patience time.Duration `json:"patience,omitempty"`
	// Heal is how long to wait for resumed sagas. Default 1 min.
	Heal time.Duration `json:"heal,omitempty"`
	// AtMost is the number of findings of one kind that are repaired; more of them
	// stop all repairs. Default 10, or 1 % of the judged orders if that is more.
	AtMost int `json:"at_most,omitempty"`
	// Rate limits the orders read per second; 0: no limit.
	Rate int `json:"rate,omitempty"`
	// PageSize is the number of orders per page, at most 1,000. Default 500.
	PageSize int `json:"page_size,omitempty"`
	// WholeEvery is the time from one run over all orders to the next. The runs between look
	// at what has changed since the run before. 0: every run is over all orders, as is one
	// that is not of the schedule, which has no run before it.
	WholeEvery time.Duration `json:"whole_every,omitempty"`
	// WholeAt moves these runs: the first begins that long after midnight, UTC.
	WholeAt time.Duration `json:"whole_at,omitempty"`
	// DecideAfter is how long after its placement an order has its decide-by. A change is
	// looked at when that and the grace have passed. Default 10 min.
	DecideAfter time.Duration `json:"decide_after,omitempty"`
	// PagesPerRun is the number of pages after which the workflow continues as a new
	// run, with a fresh history. Default 10.
	PagesPerRun int `json:"pages_per_run,omitempty"`

	// SoFar is set by the workflow itself: the result of its earlier runs.
	SoFar *SoFar `json:"so_far,omitempty"`
}

// SoFar is the state that one run of the workflow hands to the next.
type SoFar struct {
	After  string `json:"after"` // the last order of the last page
	Report Report `json:"report"`
	// Last is the mark of the schedule's run before.
	Last report.Mark `json:"last,omitzero"`
}

// Waits returns how long one run of the workflow sleeps to keep to its rate.
func (in Input) Waits() time.Duration {
	in = in.normal()
	if in.Rate <= 0 {
		return 0
	}
	return time.Duration(in.PagesPerRun*in.PageSize) * time.Second / time.Duration(in.Rate)
}

func (in Input) normal() Input {
	def := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	def(&in.Grace, 10*time.Minute)
	def(&in.Pause, 10*time.Second)
	def(&in.Patience, 2*time.Minute)
	def(&in.Heal, time.Minute)
	def(&in.DecideAfter, 10*time.Minute)
	if in.PageSize <= 0 || in.PageSize > 1000 {
		in.PageSize = 500
	}
	if in.PagesPerRun <= 0 {
		in.PagesPerRun = 10
	}
	return in
}

// Registry is where the workflow is registered: a Temporal worker, the replayer,
// or the test environment.
type Registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
}

// Register registers the workflow as [Reconcile]. The map queues has the task
// queue of each service; one that is missing has its own name.
func Register(r Registry, queues map[string]string) {
	r.RegisterWorkflowWithOptions(func(ctx workflow.Context, in Input) (Report, error) {
		return reconcile(ctx, in, queues)
	}, workflow.RegisterOptions{Name: Reconcile})
}

func reconcile(ctx workflow.Context, in Input, queues map[string]string) (Report, error) {
	in = in.normal()
	d := &doctor{in: in, queues: queues}
	if so := in.SoFar; so != nil {
		d.report, d.after, d.last = so.Report, so.After, so.Last
	} else {
		d.report = Report{
			Started: workflow.Now(ctx), DryRun: in.DryRun, Counts: map[audit.Kind]int{},
			Waivers: []report.OrderWaiver{}, Findings: []judge.Finding{}, Unasked: []report.Unasked{},
		}
		d.begin(ctx)
	}
	more, err := d.scan(ctx)
	if err != nil {
		return Report{}, err
	}
	if more {
		in.SoFar = &SoFar{After: d.after, Report: d.report, Last: d.last}
		return Report{}, workflow.NewContinueAsNewError(ctx, Reconcile, in)
	}
	if err := d.totals(ctx); err != nil {
		return Report{}, err
	}
	if err := d.repair(ctx); err != nil {
		return Report{}, err
	}
	d.end(ctx)
	return d.report, nil
}
