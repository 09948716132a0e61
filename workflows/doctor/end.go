package doctor

import (
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/workflows/doctor/judge"
	"github.com/amends/amends/workflows/doctor/report"
)

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
	clean := r.Found() == r.Repaired && len(r.Unasked) == 0
	r.OK = clean && (r.Judged > 0 || r.Orders == 0 || !r.Whole())
	d.mark()
	r.Sum()
	// Services are asked at once, so they are noted in any order.
	slices.Sort(r.Absent)
	slices.SortFunc(r.Unasked, func(a, b report.Unasked) int { return strings.Compare(a.Service, b.Service) })
	metrics := workflow.GetMetricsHandler(ctx)
	for _, k := range judge.Kinds { // also those with no finding: a gauge keeps its value
		metrics.WithTags(map[string]string{"kind": string(k)}).Gauge("amends_doctor_findings").Update(float64(r.Counts[k]))
	}
	metrics.Gauge("amends_doctor_last_run_timestamp_seconds").Update(float64(r.Ended.Unix()))
	if !r.Mark.Whole.IsZero() {
		metrics.Gauge("amends_doctor_last_whole_run_timestamp_seconds").Update(float64(r.Mark.Whole.Unix()))
	}
	metrics.Gauge("amends_doctor_orders_per_second").Update(r.OrdersPerSecond)
	metrics.Gauge("amends_doctor_unrepaired").Update(float64(r.Found() - r.Repaired))
	metrics.Gauge("amends_doctor_unasked").Update(float64(len(r.Unasked)))
	if !clean {
		workflow.GetLogger(ctx).Warn("the doctor found what is wrong", "findings", r.Found(), "repaired", r.Repaired,
			"unasked", fmt.Sprint(len(r.Unasked)))
	}
}
