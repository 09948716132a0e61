// Package report defines the report of a run of the doctor, and how far the runs of its
// schedule have come.
package report

import (
	"slices"
	"time"

	"github.com/amends/amends/internal/exposure"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/workflows/doctor/judge"
)

// Report is the result of a run.
type Report struct {
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	DryRun  bool      `json:"dry_run"`

	// Since is the time from which on changes have led the run to the orders that it has read,
	// beside those that had not ended, and those that the run before has left open. Zero: it
	// has read all orders.
	Since time.Time `json:"since,omitzero"`
	// Mark is from where the schedule's next run goes on; zero: the next is whole.
	Mark Mark `json:"mark,omitzero"`

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

	// OK reports whether every service answered, every finding is repaired, and a whole run
	// judged orders, if there are any.
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

// Whole reports whether the run was over all orders.
func (r *Report) Whole() bool { return r.Since.IsZero() }

// MaxListed is the maximum length of the lists of a [Report].
const MaxListed = 1000

// Add adds a finding.
func (r *Report) Add(f judge.Finding) {
	r.Counts[f.Kind]++
	if len(r.Findings) < MaxListed {
		r.Findings = append(r.Findings, f)
	}
}

// Miss notes that a service did not answer a question.
func (r *Report) Miss(service string, err error) {
	for i := range r.Unasked {
		if r.Unasked[i].Service == service {
			r.Unasked[i].Times++
			return
		}
	}
	r.Unasked = append(r.Unasked, Unasked{Service: service, Times: 1, Error: err.Error()})
}

// Missed reports whether a service has not answered before.
func (r *Report) Missed(service string) bool {
	return slices.ContainsFunc(r.Unasked, func(u Unasked) bool { return u.Service == service })
}

// Lack notes a service that the platform does not have.
func (r *Report) Lack(service string) {
	if !slices.Contains(r.Absent, service) {
		r.Absent = append(r.Absent, service)
	}
}

// Found counts the findings, listed or not.
func (r *Report) Found() (n int) {
	for _, k := range judge.Kinds {
		n += r.Counts[k]
	}
	return n
}

// Sum adds up the holdings of the orders of the findings.
func (r *Report) Sum() {
	seen := map[string]bool{}
	for _, f := range r.Findings {
		if !seen[f.Order] {
			seen[f.Order] = true
			r.Holds.Add(f.Holds.Amounts())
		}
	}
}

// Repairable returns the orders whose sagas can fix a finding.
func (r *Report) Repairable() (ids []string) {
	for _, f := range r.Findings {
		if f.Repairable && !slices.Contains(ids, f.Order) {
			ids = append(ids, f.Order)
		}
	}
	return ids
}

// Mark is how far the runs of the schedule have come. It is a part of the report, which the
// engine keeps and hands to the schedule's next run. A run that could not ask everything
// hands on the mark of the run before it.
type Mark struct {
	// Until is the time before which every change has been looked at.
	Until time.Time `json:"until"`
	// Whole is when the last run over all orders began.
	Whole time.Time `json:"whole"`
	// Open lists the sagas that the next run looks at again, changed or not: they have
	// findings, or an order of theirs is decided and still too young to be judged.
	Open []string `json:"open,omitempty"`
	// Long lists the kinds of findings about all orders together that the next run asks for
	// again, although it is not whole.
	Long []audit.Kind `json:"long,omitempty"`
}
