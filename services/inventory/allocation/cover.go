package allocation

import "slices"

// searchBudget is the number of sets of warehouses after which the exact search gives
// up. It is a count, not a time, so that equal stock always gives an equal answer. All
// sets of 1, 2, … 12 of 12 warehouses are less than 12 × 2¹² = 49,152. A set costs one
// pass over the lines, so the worst order of 200 lines takes about ten milliseconds, a
// usual one microseconds.
const searchBudget = 1 << 16

// fewest returns the rising indexes of the fewest warehouses that together can pack
// the lines; all warehouses together must be able to. If the budget does not suffice,
// the set may be larger, but no member can be left out.
func (s *supply) fewest(budget int) []int {
	q := newSearch(s, budget)
	for picks := 1; picks <= len(s.warehouses); picks++ {
		set, found := q.find(0, picks, s.missing())
		if found {
			slices.Sort(set)
			return set
		}
		if q.budget < 0 {
			break
		}
	}
	return s.greedy()
}

// search looks for a set of a given size by trying the warehouses in the order
// of their codes, so that the first set found is the first by code.
type search struct {
	*supply
	budget int       // sets left to look at; negative: given up
	all    [][]int64 // by warehouse and line: stock of it and all after it together, at most the quantity
	most   [][]int64 // by warehouse and line: the most that one of it and all after it has
	left   [][]int64 // by picks: scratch space for the missing quantities at that depth
}

func newSearch(s *supply, budget int) *search {
	n, lines := len(s.warehouses), len(s.lines)
	q := &search{supply: s, budget: budget, all: grid(n+1, lines), most: grid(n+1, lines), left: grid(n+1, lines)}
	for w := n - 1; w >= 0; w-- {
		for i, l := range s.lines {
			q.all[w][i] = addUpTo(l.Quantity, q.all[w+1][i], s.have[w][i])
			q.most[w][i] = max(q.most[w+1][i], s.have[w][i])
		}
	}
	return q
}

// find looks for picks warehouses, from w on, that have the missing quantities.
func (q *search) find(w, picks int, missing []int64) ([]int, bool) {
	if picks == 0 {
		return nil, !slices.ContainsFunc(missing, func(m int64) bool { return m > 0 })
	}
	for ; q.possible(w, picks, missing); w++ {
		if q.budget--; q.budget < 0 {
			return nil, false
		}
		left := q.left[picks]
		take(left, missing, q.have[w])
		if set, found := q.find(w+1, picks-1, left); found {
			return append(set, w), true
		}
	}
	return nil, false
}

// possible reports whether picks warehouses from w on might have the missing
// quantities. False is certain, for w and all after it: picks of them have at most as
// much as all of them, and at most picks times as much as the fullest one.
func (q *search) possible(w, picks int, missing []int64) bool {
	if w+picks > len(q.warehouses) {
		return false
	}
	for i, m := range missing {
		if m > q.all[w][i] || (m > 0 && (m-1)/int64(picks)+1 > q.most[w][i]) {
			return false
		}
	}
	return true
}

// greedy repeatedly takes the warehouse with most of the missing quantities, ties by
// code; then it drops warehouses that are not needed, from the last code on.
func (s *supply) greedy() []int {
	var chosen []int
	missing := s.missing()
	for slices.ContainsFunc(missing, func(m int64) bool { return m > 0 }) {
		best, most := -1, int64(0)
		for w, have := range s.have {
			if slices.Contains(chosen, w) {
				continue
			}
			var gain int64
			for i, m := range missing {
				gain = addUpTo(1<<62, gain, min(m, have[i]))
			}
			if gain > most {
				best, most = w, gain
			}
		}
		take(missing, missing, s.have[best])
		chosen = append(chosen, best)
	}
	slices.Sort(chosen)
	for _, w := range slices.Backward(chosen) {
		rest := slices.DeleteFunc(slices.Clone(chosen), func(c int) bool { return c == w })
		if s.covers(rest) {
			chosen = rest
		}
	}
	return chosen
}

func (s *supply) covers(set []int) bool {
	missing := s.missing()
	for _, w := range set {
		take(missing, missing, s.have[w])
	}
	return !slices.ContainsFunc(missing, func(m int64) bool { return m > 0 })
}

// addUpTo returns a + b, or limit if that is less. It does not overflow if none
// of the three is negative.
func addUpTo(limit, a, b int64) int64 {
	if a > limit-b {
		return limit
	}
	return a + b
}

func grid(rows, columns int) [][]int64 {
	g := make([][]int64, rows)
	for i := range g {
		g[i] = make([]int64, columns)
	}
	return g
}
