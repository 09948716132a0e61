package allocation

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/inventory"
)

func TestAllocate(t *testing.T) {
	t.Parallel()

	shop := []inventory.Stock{
		{SKU: "TEA", Warehouse: "BER", Available: 5},
		{SKU: "TEA", Warehouse: "AMS", Available: 5},
		{SKU: "MUG", Warehouse: "BER", Available: 5},
		{SKU: "KETTLE", Warehouse: "AMS", Available: 5},
		{SKU: "GONE", Warehouse: "AMS", Available: 0, Committed: 9, Received: 9},
	}
	for _, c := range []struct {
		claim string
		lines []inventory.Line
		want  []inventory.Parcel
	}{
		{"TakesTheFirstWarehouseByCode", []inventory.Line{line("TEA", 2)}, []inventory.Parcel{parcel("AMS", line("TEA", 2))}},
		{
			"TakesTheOneThatHasEverything",
			[]inventory.Line{line("TEA", 2), line("MUG", 1)},
			[]inventory.Parcel{parcel("BER", line("MUG", 1), line("TEA", 2))},
		},
		{
			"SplitsByWarehouseIfItMust",
			[]inventory.Line{line("MUG", 2), line("KETTLE", 1)},
			[]inventory.Parcel{parcel("AMS", line("KETTLE", 1)), parcel("BER", line("MUG", 2))},
		},
		{
			"DoesNotSplitALineThatOneCanPack",
			[]inventory.Line{line("MUG", 2), line("KETTLE", 1), line("TEA", 5)},
			[]inventory.Parcel{parcel("AMS", line("KETTLE", 1), line("TEA", 5)), parcel("BER", line("MUG", 2))},
		},
		{
			"SplitsALineIfItMust",
			[]inventory.Line{line("TEA", 7)},
			[]inventory.Parcel{parcel("AMS", line("TEA", 5)), parcel("BER", line("TEA", 2))},
		},
	} {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel()
			got, err := Allocate(c.lines, shop)
			require.NoError(t, err)
			require.Equal(t, c.want, got.Parcels)
		})
	}
	for claim, lines := range map[string][]inventory.Line{
		"RefusesMoreThanAllHaveTogether": {line("TEA", 11)},
		"RefusesUnavailableUnits":        {line("TEA", 1), line("GONE", 1)},
		"RefusesASKUThatNeverArrived":    {line("COFFEE", 1)},
		"RefusesTheGreatestQuantity":     {line("TEA", math.MaxInt64)},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			_, err := Allocate(lines, shop)
			requireFault(t, err, fault.Business, inventory.OutOfStock)
		})
	}
}

func TestAllocateRefusesAnInvalidRequest(t *testing.T) {
	t.Parallel()

	for claim, lines := range map[string][]inventory.Line{
		"NoLines":            nil,
		"TheSameSKUTwice":    {line("TEA", 1), line("MUG", 1), line("TEA", 1)},
		"NoQuantity":         {line("TEA", 0)},
		"ANegativeQuantity":  {line("TEA", -1)},
		"AnEmptySKU":         {line("", 1)},
		"AControlCharacter":  {line("TEA\x00", 1)},
		"NoUTF8":             {line("TEA\xff", 1)},
		"ASKUThatIsNotAName": {line(strings.Repeat("A", 256), 1)},
		"OneBadLine":         {line("TEA", 1), line("MUG", 0)},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			_, err := Allocate(lines, nil)
			requireFault(t, err, fault.Business, fault.Invalid)
		})
	}
}

func TestAllocateDoesNotOverflow(t *testing.T) {
	t.Parallel()

	stock := []inventory.Stock{
		{SKU: "A", Warehouse: "W1", Available: math.MaxInt64},
		{SKU: "A", Warehouse: "W2", Available: math.MaxInt64},
		{SKU: "B", Warehouse: "W1", Available: math.MaxInt64},
		{SKU: "B", Warehouse: "W2", Available: math.MaxInt64},
	}
	lines := []inventory.Line{line("A", math.MaxInt64), line("B", math.MaxInt64)}

	got, err := Allocate(lines, stock)
	require.NoError(t, err)
	require.Equal(t, []inventory.Parcel{parcel("W1", lines...)}, got.Parcels)
	s := newSupply(lines, stock)
	require.Equal(t, []int{0}, s.greedy())
}

func TestAllocateFindsTheFewestParcels(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		lines, stock := drawRequest(t, 7)
		want := fewestByTryingAll(lines, stock)

		got, err := Allocate(lines, stock)
		if want == nil {
			requireFault(t, err, fault.Business, inventory.OutOfStock)
			return
		}
		require.NoError(t, err)
		require.Equal(t, want, codes(got))
		requirePacks(t, got, lines, stock)
	})
}

func TestAllocateIgnoresTheOrderOfItsArguments(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		lines, stock := drawRequest(t, 7)
		want, wantErr := Allocate(lines, stock)
		got, err := Allocate(rapid.Permutation(lines).Draw(t, "lines"), rapid.Permutation(stock).Draw(t, "stock"))
		require.Equal(t, wantErr, err)
		require.Equal(t, want, got)
	})
}

// With a budget that does not suffice the answer may have more parcels than
// needed; everything else that is promised still holds.
func TestAllocateWithoutBudgetHasNoWarehouseToSpare(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		lines, stock := drawRequest(t, 40)
		s := newSupply(lines, stock)
		if _, short := s.short(); short {
			t.Skip("too little stock")
		}
		set := s.fewest(rapid.IntRange(0, 20).Draw(t, "budget"))
		requirePacks(t, s.pack(set), lines, stock)
		for k := range set {
			require.False(t, s.covers(slices.Delete(slices.Clone(set), k, k+1)), "%v without %d", set, set[k])
		}
	})
}

func TestSearchBudgetSufficesForTwelveWarehouses(t *testing.T) {
	t.Parallel()

	// One unit of the only SKU in each warehouse, all of which are needed, is the
	// easy case: the bound leaves one path. The hard one has pairs: the odd
	// warehouse of each pair must be found out by trying.
	rapid.Check(t, func(t *rapid.T) {
		var lines []inventory.Line
		var stock []inventory.Stock
		for i := range rapid.IntRange(1, 30).Draw(t, "skus") {
			l := line(fmt.Sprintf("S%02d", i), rapid.Int64Range(1, 6).Draw(t, "quantity"))
			lines = append(lines, l)
			for w := range 12 {
				n := rapid.Int64Range(0, 2).Draw(t, "available")
				stock = append(stock, inventory.Stock{SKU: l.SKU, Warehouse: fmt.Sprintf("W%02d", w), Available: n})
			}
		}
		s := newSupply(lines, stock)
		if _, short := s.short(); short {
			t.Skip("too little stock")
		}
		require.Equal(t, s.fewest(math.MaxInt), s.fewest(searchBudget))
	})
}

func line(sku string, quantity int64) inventory.Line {
	return inventory.Line{SKU: sku, Quantity: quantity}
}

func parcel(warehouse string, lines ...inventory.Line) inventory.Parcel {
	return inventory.Parcel{Warehouse: warehouse, Lines: lines}
}

func requireFault(t require.TestingT, err error, kind fault.Kind, code fault.Code) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	require.Error(t, err)
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
	require.Equal(t, kind, fault.KindOf(err), "%v", err)
}

func drawRequest(t *rapid.T, maxWarehouses int) ([]inventory.Line, []inventory.Stock) {
	var lines []inventory.Line
	var stock []inventory.Stock
	warehouses := rapid.IntRange(1, maxWarehouses).Draw(t, "warehouses")
	for i := range rapid.IntRange(1, 4).Draw(t, "skus") {
		sku := fmt.Sprintf("S%d", i)
		if i == 0 || rapid.Bool().Draw(t, "asked") {
			lines = append(lines, line(sku, rapid.Int64Range(1, 10).Draw(t, "quantity")))
		}
		for w := range warehouses {
			n := rapid.Int64Range(0, 6).Draw(t, "available")
			stock = append(stock, inventory.Stock{SKU: sku, Warehouse: fmt.Sprintf("W%02d", w), Available: n})
		}
	}
	return lines, stock
}

// fewestByTryingAll looks at every set of warehouses. It returns nil if none has
// everything.
func fewestByTryingAll(lines []inventory.Line, stock []inventory.Stock) []string {
	have := map[string]map[string]int64{}
	var all []string
	for _, s := range stock {
		if have[s.Warehouse] == nil {
			have[s.Warehouse] = map[string]int64{}
			all = append(all, s.Warehouse)
		}
		have[s.Warehouse][s.SKU] = s.Available
	}
	slices.Sort(all)
	var best []string
	for mask := range uint(1) << len(all) {
		var set []string
		for w, code := range all {
			if mask>>w&1 == 1 {
				set = append(set, code)
			}
		}
		enough := !slices.ContainsFunc(lines, func(l inventory.Line) bool {
			var sum int64
			for _, code := range set {
				sum += have[code][l.SKU]
			}
			return sum < l.Quantity
		})
		if enough && (best == nil || bits.OnesCount(mask) < len(best) ||
			(bits.OnesCount(mask) == len(best) && slices.Compare(set, best) < 0)) {
			best = set
		}
	}
	return best
}

// requirePacks checks that r packs exactly the lines, takes nowhere more than
// there is, and is in order.
func requirePacks(t require.TestingT, r inventory.Reservation, lines []inventory.Line, stock []inventory.Stock) {
	left := map[[2]string]int64{}
	for _, s := range stock {
		left[[2]string{s.Warehouse, s.SKU}] = s.Available
	}
	got := map[string]int64{}
	for _, p := range r.Parcels {
		require.NotEmpty(t, p.Lines, p.Warehouse)
		require.True(t, slices.IsSortedFunc(p.Lines, func(a, b inventory.Line) int {
			if a.SKU < b.SKU {
				return -1
			}
			return 1
		}), "lines of %s: %v", p.Warehouse, p.Lines)
		for _, l := range p.Lines {
			require.Positive(t, l.Quantity)
			left[[2]string{p.Warehouse, l.SKU}] -= l.Quantity
			require.GreaterOrEqual(t, left[[2]string{p.Warehouse, l.SKU}], int64(0), "%s of %s", l.SKU, p.Warehouse)
			got[l.SKU] += l.Quantity
		}
	}
	want := map[string]int64{}
	for _, l := range lines {
		want[l.SKU] = l.Quantity
	}
	require.Equal(t, want, got)
	require.True(t, slices.IsSorted(codes(r)), "parcels: %v", codes(r))
}

func codes(r inventory.Reservation) []string {
	var c []string
	for _, p := range r.Parcels {
		c = append(c, p.Warehouse)
	}
	return c
}
