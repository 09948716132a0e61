package search

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/saga/sagatest/schedule"
)

// Report is the result of an exploration.
type Report struct {
	Schedules int                   // number that ran to their end, and were judged
	Ended     int                   // number that ran until they came to the world of a judged one
	Same      int                   // number that did not run, because another is the same run, or the same from an equal world on
	LeftOut   int                   // number that did not run because of [Options.Dense]
	Sizes     []Size                // the same numbers for schedules with 0, 1, 2 … faults
	Hits      map[schedule.Kind]int // how often each kind of fault hit in a judged run
	Elapsed   time.Duration
	Failure   *Failure // the first of the shortest schedules that broke a promise; nil: none

	cells map[Cell]bool // those that could happen, and whether they did
	marks marks
}

// Size is a part of a [Report]: the schedules of one number of faults.
type Size struct {
	Schedules, Ended, Same, LeftOut int
	Sampled                         bool // not every schedule of this size ran
	Steered                         bool // those that may lead to a rare mark, one fault more than the last size
	Elapsed                         time.Duration
}

// count counts a run.
func (s *Size) count(cut bool) {
	if cut {
		s.Ended++
	} else {
		s.Schedules++
	}
}

// hits counts the faults that hit in a run that was judged.
func (r *Report) hits(s schedule.Schedule, one Result) {
	if one.Short {
		s = one.Hit
	}
	for _, f := range s {
		r.Hits[f.Kind]++
	}
}

// Failure is a schedule after which a promise was broken.
type Failure struct {
	Schedule schedule.Schedule
	Err      error
	Trace    []string // the calls, in order
}

// Error returns the schedule as a line that [Replay] runs again.
func (f *Failure) Error() string {
	trace := strings.Join(f.Trace[:min(len(f.Trace), 100)], " ")
	return fmt.Sprintf("schedule %q: %v\n\t%d calls: %s", f.Schedule, f.Err, len(f.Trace), trace)
}

// String returns the report as lines: one in all, one for each size, and one for
// the faults.
func (r Report) String() string {
	var b strings.Builder
	line := func(what string, s Size) {
		rate := float64(s.Schedules+s.Ended) / max(s.Elapsed.Seconds(), 1e-9)
		fmt.Fprintf(&b, "%s: %d schedules judged in %s, %.0f/s; %d ended at a known world; %d more would be the same",
			what, s.Schedules, s.Elapsed.Round(time.Millisecond), rate, s.Ended, s.Same)
		if s.LeftOut > 0 {
			fmt.Fprintf(&b, "; %d left out", s.LeftOut)
		}
		if s.Sampled {
			b.WriteString("; sampled")
		}
		if s.Steered {
			b.WriteString("; steered")
		}
		b.WriteByte('\n')
	}
	line("in all", Size{Schedules: r.Schedules, Ended: r.Ended, Same: r.Same, LeftOut: r.LeftOut, Elapsed: r.Elapsed})
	for n, s := range r.Sizes {
		if s.Steered {
			line("more faults", s)
			continue
		}
		line(fmt.Sprintf("%d faults", n), s)
	}
	b.WriteString("faults that hit:")
	for _, k := range slices.Sorted(maps.Keys(r.Hits)) {
		fmt.Fprintf(&b, " %s %d", k, r.Hits[k])
	}
	fmt.Fprintf(&b, "\ncells: %d kinds of faults at calls, %d never hit", len(r.cells), len(r.missing()))
	if n := len(r.marks.wanted); n > 0 {
		fmt.Fprintf(&b, "\nthe barrier's table: %d rows, %d never come by", n, len(r.Unmarked()))
	}
	return b.String()
}

// could notes that these growths were possible.
func (r *Report) could(next []Growth) {
	for _, g := range next {
		if !r.cells[g.Cell] {
			r.cells[g.Cell] = false
		}
	}
}

// missing returns the cells that could have happened and never did, sorted.
func (r Report) missing() (cells []string) {
	for c, hit := range r.cells {
		if !hit {
			cells = append(cells, c.String())
		}
	}
	slices.Sort(cells)
	return cells
}

// Why an exploration proves less than it seems to.
var (
	errNeverHit  = errors.New("the run is invalid: faults that could happen never did")
	errUntouched = errors.New("the run is invalid: no schedule came by rows of the barrier's table")
)

// Valid returns an error if a fault that could have happened at a call never did, or
// none of its kind in a run that was judged, or if the runs never came by a row of the
// barrier's table, see [Report.Marks]: then a run without a failure shows nothing.
func (r Report) Valid() error {
	missing := r.missing()
	for c := range r.cells {
		if name := "any judged call=" + string(c.Kind); r.Hits[c.Kind] == 0 && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	var problems []error
	if len(missing) > 0 {
		slices.Sort(missing)
		problems = append(problems, fmt.Errorf("%w: %s", errNeverHit, strings.Join(missing, ", ")))
	}
	if unmarked := r.Unmarked(); len(unmarked) > 0 {
		problems = append(problems, fmt.Errorf("%w: %q", errUntouched, unmarked))
	}
	return errors.Join(problems...)
}
