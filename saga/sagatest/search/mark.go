package search

import (
	"cmp"
	"slices"

	"github.com/amends/amends/saga/sagatest/schedule"
)

// Mark is a thing that an exploration must come by at some time, such as "pay.settle found
// intent". A [Runner] learns of it in its runs.
type Mark string

// marks counts how often an exploration came by its marks, and knows schedules that may
// lead to one.
type marks struct {
	wanted map[Mark]bool
	came   map[Mark]int
	seeds  map[Mark][]schedule.Schedule
	kept   map[seed]int // so many of the seeds
}

// seed is a kind of the last fault of schedules that may lead to a mark.
type seed struct {
	mark Mark
	last schedule.Kind
}

const (
	// enough is how often an exploration comes by a mark before it is left to chance: the
	// first time may be one in which the wrong answer does no harm.
	enough = 8
	// seedsOf is how many schedules are kept that may lead to a mark, the shortest ones of
	// each kind of their last fault. A step that had ended, for example, is found by a late
	// call, or after a crash: each needs another beginning.
	seedsOf = 3
)

func newMarks() marks {
	return marks{wanted: map[Mark]bool{}, came: map[Mark]int{}, seeds: map[Mark][]schedule.Schedule{}, kept: map[seed]int{}}
}

// note notes the marks of a run.
func (m *marks) note(s schedule.Schedule, r Result) {
	for _, w := range r.Wants {
		m.wanted[w] = true
	}
	for _, c := range r.Marks {
		m.came[c]++
	}
	for _, l := range r.Stood {
		if at := (seed{l, s.Last()}); m.kept[at] < seedsOf {
			m.kept[at]++
			m.seeds[l] = append(m.seeds[l], s)
		}
	}
}

// rare returns the wanted marks that the exploration came by fewer than n times, sorted.
func (m *marks) rare(n int) (rare []Mark) {
	for w := range m.wanted {
		if m.came[w] < n {
			rare = append(rare, w)
		}
	}
	slices.Sort(rare)
	return rare
}

// rarest returns them too, those that the exploration came by least first.
func (m *marks) rarest(n int) []Mark {
	rare := m.rare(n)
	slices.SortStableFunc(rare, func(a, b Mark) int { return cmp.Compare(m.came[a], m.came[b]) })
	return rare
}

// leading returns the schedules that may lead to rare marks.
func (m *marks) leading() (all []Growth) {
	seen := map[string]bool{}
	for _, r := range m.rare(enough) {
		for _, s := range m.seeds[r] {
			if line := s.String(); !seen[line] {
				seen[line] = true
				all = append(all, Growth{from: s})
			}
		}
	}
	return all
}

// Marks returns the marks of the exploration, and how often it came by each.
func (r Report) Marks() map[Mark]int {
	all := map[Mark]int{}
	for w := range r.marks.wanted {
		all[w] = r.marks.came[w]
	}
	return all
}

// Unmarked returns the marks that the exploration never came by, sorted.
func (r Report) Unmarked() []Mark { return r.marks.rare(1) }
