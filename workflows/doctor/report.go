package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/internal/exposure"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/workflows/doctor/judge"
)

// Report is the result of the workflow [Reconcile].
type Report struct {
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	DryRun  bool      `json:"dry_run"`

	Pages           int     `json:"pages"`
	Orders          int     `json:"orders"`        // that were read
	Judged          int     `json:"judged"`        // that were old enough
	SkippedYoung    int     `json:"skipped_young"` // that were not
	OrdersPerSecond float64 `json:"orders_per_second"`

	// NeedsAttention counts orders that are flagged with a reason; `amends order list
	// --needs-attention` lists them.
	NeedsAttention int `json:"needs_attention"`
	// Waivers lists the effects that operators gave up undoing; none is a finding.
	// The list ends at [MaxListed], the count does not.
	Waivers     []OrderWaiver `json:"waivers"`
	WaiverCount int           `json:"waiver_count"`

	// Findings lists the violations, repaired ones included. The list ends at
	// [MaxListed], the counts do not.
	Findings []judge.Finding    `json:"findings"`
	Counts   map[audit.Kind]int `json:"counts"`
	Repaired int                `json:"repaired"`
	// ReportOnlyBecause describes why no repair was tried; empty if repairs were
	// tried or unnecessary.
	ReportOnlyBecause string `json:"report_only_because,omitempty"`

	// Holds are the holdings of all orders with findings, each of them counted once.
	Holds exposure.Exposure `json:"holds,omitzero"`

	// Unasked lists the services that did not answer at least one question.
	Unasked []Unasked `json:"unasked"`

	// Absent lists services that the platform does not have, or that the worker of the
	// order service has no address of.
	Absent []string `json:"absent,omitempty"`

	// OK reports whether every service answered, every finding is repaired, and orders were
	// judged, if there are any.
	OK bool `json:"ok"`
}

// OrderWaiver is a waiver and its order.
type OrderWaiver struct {
	Order string `json:"order"`
	ledger.Waiver
}

// Unasked is a service that did not answer, with the number of its unanswered
// questions.
type Unasked struct {
	Service string `json:"service"`
	Times   int    `json:"times"`
	Error   string `json:"error"` // of the first time
}

// MaxListed is the maximum length of the lists of a [Report].
const MaxListed = 1000

func (r *Report) add(f judge.Finding) {
	r.Counts[f.Kind]++
	if len(r.Findings) < MaxListed {
		r.Findings = append(r.Findings, f)
	}
}

func (r *Report) unasked(service string, err error) {
	for i := range r.Unasked {
		if r.Unasked[i].Service == service {
			r.Unasked[i].Times++
			return
		}
	}
	r.Unasked = append(r.Unasked, Unasked{Service: service, Times: 1, Error: err.Error()})
}

// missed reports whether a service has not answered before.
func (r *Report) missed(service string) bool {
	return slices.ContainsFunc(r.Unasked, func(u Unasked) bool { return u.Service == service })
}

// absent notes a service that the platform does not have.
func (r *Report) absent(service string) {
	if !slices.Contains(r.Absent, service) {
		r.Absent = append(r.Absent, service)
	}
}

// found counts the findings, listed or not.
func (r *Report) found() (n int) {
	for _, k := range judge.Kinds {
		n += r.Counts[k]
	}
	return n
}

// sum adds up the holdings of the orders of the findings.
func (r *Report) sum() {
	seen := map[string]bool{}
	for _, f := range r.Findings {
		if !seen[f.Order] {
			seen[f.Order] = true
			r.Holds.Add(f.Holds.Amounts())
		}
	}
}

// end completes the report and publishes its metrics.
func (d *doctor) end(ctx workflow.Context) {
	r := &d.report
	r.Ended = workflow.Now(ctx)
	if took := r.Ended.Sub(r.Started).Seconds(); took > 0 {
		r.OrdersPerSecond = float64(r.Orders) / took
	}
	for _, f := range r.Findings {
		if f.Repaired {
			r.Repaired++
		}
	}
	clean := r.found() == r.Repaired && len(r.Unasked) == 0
	r.OK = clean && (r.Judged > 0 || r.Orders == 0)
	r.sum()
	// Services are asked at once, so they are noted in any order.
	slices.Sort(r.Absent)
	slices.SortFunc(r.Unasked, func(a, b Unasked) int { return strings.Compare(a.Service, b.Service) })
	metrics := workflow.GetMetricsHandler(ctx)
	for _, k := range judge.Kinds { // also those with no finding: a gauge keeps its value
		metrics.WithTags(map[string]string{"kind": string(k)}).Gauge("amends_doctor_findings").Update(float64(r.Counts[k]))
	}
	metrics.Gauge("amends_doctor_last_run_timestamp_seconds").Update(float64(r.Ended.Unix()))
	metrics.Gauge("amends_doctor_orders_per_second").Update(r.OrdersPerSecond)
	metrics.Gauge("amends_doctor_unrepaired").Update(float64(r.found() - r.Repaired))
	metrics.Gauge("amends_doctor_unasked").Update(float64(len(r.Unasked)))
	if !clean {
		workflow.GetLogger(ctx).Warn("the doctor found what is wrong", "findings", r.found(), "repaired", r.Repaired,
			"unasked", fmt.Sprint(len(r.Unasked)))
	}
}
