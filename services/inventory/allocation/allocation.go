// Package allocation decides which warehouses pack the lines of a reservation. It is
// pure: the store gives it the stock and records its answer.
package allocation

import (
	"cmp"
	"slices"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/inventory"
)

// Allocate decides which warehouses pack the lines: as few as possible, because the
// shop pays for every parcel. Among sets of equal size the one whose codes sort first
// wins. Within the set, a line is packed by a single warehouse if one can, the first
// by code; otherwise by the fullest ones first, ties by code. The answer depends on
// the content of the arguments, not on their order.
//
// Finding the fewest warehouses is the set cover problem, which has no known fast
// exact algorithm. The search is exact for up to 12 warehouses with stock of a line,
// and for more within its budget (see cover.go), which suffices if one or two of 300
// warehouses can pack all lines. Beyond that the answer may have more parcels than
// needed, but none of them can be left out.
//
// It refuses with INVALID as [inventory.ReserveRequest.Validate] does, and with
// OUT_OF_STOCK if all warehouses together have too little of a SKU. stock has at most
// one entry per SKU and warehouse; other SKUs, and stock that is not available, are
// ignored.
func Allocate(lines []inventory.Line, stock []inventory.Stock) (inventory.Reservation, error) {
	if err := (inventory.ReserveRequest{Lines: lines}).Validate(); err != nil {
		return inventory.Reservation{}, err
	}
	s := newSupply(lines, stock)
	if line, short := s.short(); short {
		return inventory.Reservation{}, fault.Errorf(fault.Business, inventory.OutOfStock, "not enough stock of %q", line.SKU)
	}
	return s.pack(s.fewest(searchBudget)), nil
}

// supply is the stock that is relevant for some lines.
type supply struct {
	lines      []inventory.Line // by SKU
	warehouses []string         // by code; those with stock of a line
	have       [][]int64        // by warehouse and line: units available, at most the line's quantity
}

func newSupply(lines []inventory.Line, stock []inventory.Stock) supply {
	s := supply{lines: slices.Clone(lines)}
	slices.SortFunc(s.lines, func(a, b inventory.Line) int { return cmp.Compare(a.SKU, b.SKU) })
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

// missing returns the quantities of the lines.
func (s *supply) missing() []int64 {
	m := make([]int64, len(s.lines))
	for i, l := range s.lines {
		m[i] = l.Quantity
	}
	return m
}

// short returns the first line that all warehouses together cannot pack.
func (s *supply) short() (inventory.Line, bool) {
	missing := s.missing()
	for _, have := range s.have {
		take(missing, missing, have)
	}
	if i := slices.IndexFunc(missing, func(m int64) bool { return m > 0 }); i >= 0 {
		return s.lines[i], true
	}
	return inventory.Line{}, false
}

// pack splits the lines between the chosen warehouses, given by rising index, which
// together can pack them. As none can be left out, each gets a part.
func (s *supply) pack(chosen []int) inventory.Reservation {
	packed := make([][]inventory.Line, len(s.warehouses))
	for i, l := range s.lines {
		fullest := slices.Clone(chosen)
		slices.SortStableFunc(fullest, func(a, b int) int { return cmp.Compare(s.have[b][i], s.have[a][i]) })
		for _, w := range fullest {
			n := min(l.Quantity, s.have[w][i])
			if n == 0 {
				break
			}
			packed[w] = append(packed[w], inventory.Line{SKU: l.SKU, Quantity: n})
			l.Quantity -= n
		}
	}
	var r inventory.Reservation
	for _, w := range chosen {
		r.Parcels = append(r.Parcels, inventory.Parcel{Warehouse: s.warehouses[w], Lines: packed[w]})
	}
	return r
}

// take writes missing minus have, at least 0, into left. left may be missing.
func take(left, missing, have []int64) {
	for i := range missing {
		left[i] = max(0, missing[i]-have[i])
	}
}
