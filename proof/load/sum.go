package load

import (
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/services/order"
)

// sum counts how the orders ended. If the run was interrupted, the state of an
// unchecked order is the last one that its customer saw.
func (r *run) sum(all map[string]found, placing time.Duration, interrupted bool) Report {
	o := r.o
	report := Report{
		Run: r.id, BaseURL: o.BaseURL, Seed: o.Seed, Mix: o.Mix, Until: o.Until, Sample: o.Sample,
		Loop: "closed", Concurrency: o.Concurrency, CoordinatedOmission: "not_accounted",
		Placed: int(r.placed.Load()), Duplicates: int(r.duplicates.Load()),
		Requests: int(r.call.requests.Load()), Retries: int(r.call.retries.Load()),
		PlacingSeconds: placing.Seconds(),
		Outcomes:       []Outcome{}, Kinds: []KindReport{}, Cancels: []Count{}, Errors: []CallErrors{}, Violations: []Violation{},
	}
	if o.Rate > 0 {
		report.Loop, report.Rate, report.CoordinatedOmission = "open", o.Rate, "accounted"
		report.StartDelay = r.startDelay.latency()
	}
	if report.Mix == nil {
		report.Mix = Mix{}
	}

	kindsOf, outcomes, cancels := map[Kind]*KindReport{}, map[Outcome]int{}, map[string]int{}
	var first, last time.Time
	for _, t := range r.all() {
		k := kindsOf[t.kind]
		if k == nil {
			k = &KindReport{Kind: t.kind}
			kindsOf[t.kind] = k
		}
		k.Placed++
		report.Replayed += t.replayed
		if t.cancel != "" {
			cancels[t.cancel]++
		}
		f := all[t.id()]
		if interrupted && !f.decided() && !f.missing {
			report.Unchecked++
		}
		switch {
		case t.acknowledged:
		case t.doubtful:
			report.Overload.Unknown++
			fallthrough
		default:
			report.GivenUp++
			continue
		}
		report.Acknowledged++
		if interrupted && !f.known() && !f.missing && t.status != "" {
			report.Decided++
			k.Decided++
			outcomes[Outcome{Status: t.status, Reason: t.reason}]++
			continue
		}
		outcomes[outcome(f)]++
		if !f.decided() {
			continue
		}
		if f.reason != string(order.Deadline) {
			report.Overload.InTime++
		}
		report.Decided++
		k.Decided++
		took := f.updated.Sub(f.created)
		if t.acknowledging > 0 {
			r.recorded[everyKind].add(t.acknowledging + took)
			r.recorded[t.kind].add(t.acknowledging + took)
		}
		if first.IsZero() || f.created.Before(first) {
			first = f.created
		}
		if f.updated.After(last) {
			last = f.updated
		}
	}
	report.Overload.TurnedAway = report.GivenUp - report.Overload.Unknown
	report.Overload.Refusal = r.call.refusals.latency()
	report.Overload.Answers = int(report.Overload.Refusal.Count)
	report.Browsing = r.browsers.sum()
	report.AcknowledgedPerSecond = perSecond(report.Acknowledged, placing)
	if report.Unchecked == 0 {
		report.DecidedPerSecond = perSecond(report.Decided, last.Sub(first))
	}
	report.Acknowledgement = r.acknowledgement.latency()
	report.Decision, report.Recorded = r.decision[everyKind].latency(), r.recorded[everyKind].latency()

	for _, kind := range kinds {
		if k := kindsOf[kind]; k != nil {
			k.Decision, k.Recorded = r.decision[kind].latency(), r.recorded[kind].latency()
			report.Kinds = append(report.Kinds, *k)
		}
	}
	for o, n := range outcomes {
		o.Count = n
		report.Outcomes = append(report.Outcomes, o)
	}
	slices.SortFunc(report.Outcomes, func(a, b Outcome) int { return strings.Compare(b.Status+b.Reason, a.Status+a.Reason) })
	for name, n := range cancels {
		report.Cancels = append(report.Cancels, Count{name, n})
	}
	slices.SortFunc(report.Cancels, func(a, b Count) int { return strings.Compare(a.Name, b.Name) })
	report.Errors = r.call.failed()
	return report
}

func outcome(f found) Outcome {
	switch {
	case f.missing:
		return Outcome{Status: "NOT_FOUND"}
	case !f.known():
		return Outcome{Status: "UNKNOWN"}
	}
	return Outcome{Status: f.status, Reason: f.reason}
}

func perSecond(n int, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}
