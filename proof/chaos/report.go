package chaos

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/services/order"
)

// Report is the result of a run.
type Report struct {
	Options  Options `json:"options"`
	Schedule int     `json:"schedule"` // faults that were tried
	Hits     *hits   `json:"-"`
	// Faults counts the hits, by the name of the fault.
	Faults map[string]int `json:"faults"`
	// Missed says why the other faults did not count.
	Missed []string `json:"missed"`
	// Placements counts requests, Repeated those repeated without an answer, Sorry
	// why.
	Placements      int            `json:"placements"`
	Repeated        int            `json:"repeated"`
	Sorry           map[string]int `json:"sorry"`
	Acknowledgments int            `json:"acknowledgments"`
	// Outcomes counts the orders by their end, Choreographed those that had no workflow.
	Outcomes      map[string]int `json:"outcomes"`
	Choreographed map[string]int `json:"choreographed"`
	// Captured and CaptureRefused count the choreographed orders that reached their pivot.
	Captured       int `json:"captured"`
	CaptureRefused int `json:"capture_refused"`
	// Refunds counts the refunds by their end.
	Refunds map[string]int `json:"refunds"`
	// TimedOut counts the attempts that the engine gave up on, Late those that
	// nevertheless ended, and said so, Flagged the sagas that needed attention for
	// a while, Replayed the replayed histories.
	TimedOut int `json:"timed_out"`
	Late     int `json:"late"`
	Flagged  int `json:"flagged"`
	Replayed int `json:"replayed"`
	// LostTries counts the tries of express steps that were lost with their workflow task,
	// because their worker died or hung in the middle of it.
	LostTries int `json:"lost_tries"`
	// Told counts the events in the outboxes, Published those in the broker's stream,
	// repeats included.
	Told      int `json:"told"`
	Published int `json:"published"`
	// Mails counts those in the mailboxes of customers.
	Mails int `json:"mails"`
	// Restarts lists the unexpected ends of processes.
	Restarts []string `json:"restarts"`
	// ToQuiet is the time from the end of the last fault until every order was
	// decided.
	ToQuiet time.Duration `json:"to_quiet"`
	// Doubled and Violations are the faults of the platform; the former are among
	// the latter.
	Doubled    []string `json:"doubled"`
	Violations []string `json:"violations"`
}

func (r *Report) add(err error) {
	if err != nil {
		r.Violations = append(r.Violations, strings.Split(err.Error(), "\n")...)
	}
}

// read fills in the counts of all parts of a run.
func (r *Report) read(p *platform, c *customers, v *verdict) {
	r.Faults, r.Missed = map[string]int{}, r.Hits.missed
	for f, n := range r.Hits.count {
		r.Faults[f.name()] = n
	}
	r.Placements, r.Repeated, r.Sorry, r.Acknowledgments = c.placed, c.repeated, c.sorry, c.journal.count()
	for n := range c.atOnce {
		if c.atOnce[n] {
			r.Faults[string(Duplicated)]++
		}
	}
	r.Outcomes, r.Choreographed, r.Refunds = map[string]int{}, map[string]int{}, v.refunds
	for o, n := range v.choreographed {
		r.Choreographed[o.String()] = n
	}
	for o, n := range v.outcomes {
		r.Outcomes[o.String()] = n
		if o.Reason == "CUSTOMER_REQUEST" {
			r.Faults[string(Cancelled)] = n
		}
	}
	r.Late = p.late()
	r.TimedOut, r.Flagged, r.Replayed = v.past.timedOut, v.past.flagged, v.past.replayed
	r.LostTries = v.past.lost
	r.Mails = v.followers.mails
	r.Told, r.Published = v.events.told, v.events.published
	r.Captured, r.CaptureRefused = len(v.events.pivot.captured), len(v.events.pivot.refused)
	r.Doubled = v.doubled
	r.Violations = append(r.Violations, v.violations...)
	for _, part := range p.parts {
		r.Restarts = append(r.Restarts, part.ended...)
	}
}

// name is the name of a fault in a report.
func (f Fault) name() string {
	l := f.label()
	return strings.TrimSpace(string(l.Kind) + " " + l.Victim)
}

// Err says why the run failed, nil if it did not: its violations, and the faults
// that did not hit, which make the run invalid.
func (r *Report) Err() error {
	var all []error
	for _, v := range r.Violations {
		all = append(all, errors.New(v))
	}
	must := []string{string(Cancelled), string(Duplicated)}
	for _, f := range required() {
		must = append(must, f.name())
	}
	for _, name := range must {
		if r.Faults[name] == 0 {
			all = append(all, fmt.Errorf("invalid: no %s has hit", name))
		}
	}
	if r.Refunds[string(order.RefundDone)] == 0 {
		all = append(all, errors.New("invalid: no refund was made"))
	}
	if err := r.provePivot(); err != nil {
		all = append(all, err)
	}
	if r.TimedOut+r.Late == 0 {
		all = append(all, errors.New("invalid: no attempt was lost"))
	}
	if r.Mails == 0 {
		all = append(all, errors.New("invalid: no customer was mailed"))
	}
	if r.LostTries == 0 {
		all = append(all, errors.New("invalid: no worker died in the middle of its tries"))
	}
	return errors.Join(all...)
}

func (r *Report) String() string {
	var b strings.Builder
	line := func(what string, is any) { fmt.Fprintf(&b, "  %-58s %v\n", what, is) }
	list := func(title string, counts map[string]int) {
		fmt.Fprintf(&b, "%s\n", title)
		for _, what := range slices.SortedFunc(maps.Keys(counts), cmp.Compare) {
			line(what, counts[what])
		}
	}
	fmt.Fprintf(&b, "chaos: seed %d, %s, %d orders\n", r.Options.Seed, r.Options.For, r.Options.Orders)
	list("faults that hit", r.Faults)
	list("orders by outcome", r.Outcomes)
	list("of these, choreographed", r.Choreographed)
	list("of these at their pivot", map[string]int{"captured": r.Captured, "refused": r.CaptureRefused})
	list("refunds by outcome", r.Refunds)
	list("placements that were turned away", r.Sorry)
	b.WriteString("and\n")
	line("faults tried", r.Schedule)
	line("the doctor beside it, every", r.Options.Timing.Doctor)
	line("placements, of which repeated", fmt.Sprintf("%d, %d", r.Placements, r.Repeated))
	line("acknowledgements", r.Acknowledgments)
	line("attempts lost (start-to-close)", r.TimedOut)
	line("attempts that ended after that (zombies)", r.Late)
	line("tries lost with their workflow task", r.LostTries)
	line("sagas flagged for a while", r.Flagged)
	line("processes that ended by themselves", len(r.Restarts))
	line("histories replayed", r.Replayed)
	line("events told, and stored by the broker with repeats", fmt.Sprintf("%d, %d", r.Told, r.Published))
	line("mails to customers", r.Mails)
	line("time to quiet after the last fault", r.ToQuiet.Round(time.Millisecond))
	line("doubled effects", len(r.Doubled))
	line("violations", len(r.Violations))
	for title, texts := range map[string][]string{"did not count": r.Missed, "ended by itself": r.Restarts} {
		for _, text := range texts {
			fmt.Fprintf(&b, "%s: %s\n", title, text)
		}
	}
	return b.String()
}
