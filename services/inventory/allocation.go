package inventory

import (
	"cmp"
	"slices"

	"github.com/amends/amends/fault"
)

// Allocate decides which warehouses pack the lines: as few as possible, because
// every one of them is a parcel that the shop pays for. Between sets of the same
// size the one whose codes sort first wins. Within the set a line is packed
// whole if one warehouse can, by the first by code that can; else it is taken
// from the fullest first, ties by code. The answer depends on the arguments'
// content only, not on their order.
//
// To find the fewest warehouses is the set cover problem, for which no quick
// exact way is known. The search is exact for up to 12 warehouses that have
// something of a line, and for more as long as it stays within its budget (see
// cover.go), which suffices for what one or two of 300 warehouses can pack.
// Beyond that the answer may have more parcels than needed, but none that could
// be left out.
//
// It refuses with INVALID as [ReserveRequest.Validate] does, and with
// OUT_OF_STOCK if all warehouses together have too little of a SKU. stock has
// one entry at most per SKU and warehouse; those of other SKUs are ignored, and
// so is what is not available.
func Allocate(lines []Line, stock []Stock) (Reservation, error) {
	if err := validate(lines); err != nil {
		return Reservation{}, err
	}
	s := newSupply(lines, stock)
	if line, short := s.short(); short {
		return Reservation{}, fault.Errorf(fault.Business, OutOfStock, "not enough stock of %q", line.SKU)
	}
	return s.pack(s.fewest(searchBudget)), nil
}

// supply is what matters of the stock for some lines.
type supply struct {
	lines      []Line    // by SKU
	warehouses []string  // by code; those that have something of a line
	have       [][]int64 // by warehouse and line: what is available, at most what the line asks
}

func newSupply(lines []Line, stock []Stock) supply {
	s := supply{lines: slices.Clone(lines)}
	slices.SortFunc(s.lines, func(a, b Line) int { return cmp.Compare(a.SKU, b.SKU) })
	index := make(map[string]int, len(s.lines))
	for i, l := range s.lines {
		index[l.SKU] = i
	}
	byCode := map[string][]int64{}
	for _, st := range stock {
		i, asked := index[st.SKU]
		if !asked || st.Available <= 0 {
			continue
		}
		if byCode[st.Warehouse] == nil {
			byCode[st.Warehouse] = make([]int64, len(s.lines))
			s.warehouses = append(s.warehouses, st.Warehouse)
		}
		byCode[st.Warehouse][i] = min(st.Available, s.lines[i].Quantity)
	}
	slices.Sort(s.warehouses)
	for _, code := range s.warehouses {
		s.have = append(s.have, byCode[code])
	}
	return s
}

// missing returns what the lines ask.
func (s *supply) missing() []int64 {
	m := make([]int64, len(s.lines))
	for i, l := range s.lines {
		m[i] = l.Quantity
	}
	return m
}

// short returns the first line that all warehouses together cannot pack.
func (s *supply) short() (Line, bool) {
	missing := s.missing()
	for _, have := range s.have {
		take(missing, missing, have)
	}
	if i := slices.IndexFunc(missing, func(m int64) bool { return m > 0 }); i >= 0 {
		return s.lines[i], true
	}
	return Line{}, false
}

// pack splits the lines between the chosen warehouses, given by rising index,
// that can pack them. As none of them can be left out, each gets something.
func (s *supply) pack(chosen []int) Reservation {
	packed := make([][]Line, len(s.warehouses))
	for i, l := range s.lines {
		fullest := slices.Clone(chosen)
		slices.SortStableFunc(fullest, func(a, b int) int { return cmp.Compare(s.have[b][i], s.have[a][i]) })
		for _, w := range fullest {
			n := min(l.Quantity, s.have[w][i])
			if n == 0 {
				break
			}
			packed[w] = append(packed[w], Line{SKU: l.SKU, Quantity: n})
			l.Quantity -= n
		}
	}
	var r Reservation
	for _, w := range chosen {
		r.Parcels = append(r.Parcels, Parcel{Warehouse: s.warehouses[w], Lines: packed[w]})
	}
	return r
}

// take writes into left what of missing remains after have. left may be missing.
func take(left, missing, have []int64) {
	for i := range missing {
		left[i] = max(0, missing[i]-have[i])
	}
}
