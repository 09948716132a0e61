package inventory

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
)

func TestReserveRequestValidate(t *testing.T) {
	t.Parallel()

	require.NoError(t, ReserveRequest{Lines: []Line{{"TEA", 1}, {"MUG", 10_000}}}.Validate())
	require.NoError(t, ReserveRequest{Lines: []Line{{strings.Repeat("茶", 255), 1}}}.Validate())
	for claim, lines := range map[string][]Line{
		"RefusesNoLines":              nil,
		"RefusesTheSameSKUTwice":      {{"TEA", 1}, {"MUG", 1}, {"TEA", 1}},
		"RefusesNoQuantity":           {{"TEA", 0}},
		"RefusesANegativeQuantity":    {{"TEA", -1}},
		"RefusesAnEmptySKU":           {{"", 1}},
		"RefusesAControlCharacter":    {{"TEA\x00", 1}},
		"RefusesInvalidUTF8":          {{"TEA\xff", 1}},
		"RefusesASKUThatIsNotAName":   {{strings.Repeat("A", 256), 1}},
		"RefusesOneBadLineAmongOther": {{"TEA", 1}, {"MUG", 0}},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			requireFault(t, ReserveRequest{Lines: lines}.Validate(), fault.Business, fault.Invalid)
		})
	}
}

func TestDeliveryValidate(t *testing.T) {
	t.Parallel()

	require.NoError(t, Delivery{SKU: "TEA", Warehouse: "BER-2_b", Quantity: MaxDelivery, By: "clerk"}.Validate())
	for claim, d := range map[string]Delivery{
		"RefusesNothing":                {SKU: "TEA", Warehouse: "BER", Quantity: 0, By: "clerk"},
		"RefusesMoreThanTheMost":        {SKU: "TEA", Warehouse: "BER", Quantity: MaxDelivery + 1, By: "clerk"},
		"RefusesNoWarehouse":            {SKU: "TEA", Warehouse: "", Quantity: 1, By: "clerk"},
		"RefusesASlashInAWarehouseCode": {SKU: "TEA", Warehouse: "BER/2", Quantity: 1, By: "clerk"},
		"RefusesALongWarehouseCode":     {SKU: "TEA", Warehouse: strings.Repeat("B", 33), Quantity: 1, By: "clerk"},
		"RefusesNoAuthor":               {SKU: "TEA", Warehouse: "BER", Quantity: 1},
		"RefusesNoSKU":                  {SKU: "", Warehouse: "BER", Quantity: 1, By: "clerk"},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			requireFault(t, d.Validate(), fault.Business, fault.Invalid)
		})
	}
}

func TestRecordEndsOnce(t *testing.T) {
	t.Parallel()

	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	end := begin.Add(time.Minute)
	moves := map[State]func(*Record, time.Time) error{Released: (*Record).Release, Committed: (*Record).Commit}
	for to, move := range moves {
		r := Record{Key: key.New("o1", "inventory.reserve"), State: Held, CreatedAt: begin, UpdatedAt: begin}
		require.NoError(t, move(&r, end))
		require.Equal(t, to, r.State)
		require.Equal(t, end, r.UpdatedAt)
		for _, again := range moves {
			ended := r
			requireFault(t, again(&r, end.Add(time.Hour)), fault.Bug, fault.Conflict)
			require.Equal(t, ended, r, "a refused move changes nothing")
		}
	}
}

func TestParseState(t *testing.T) {
	t.Parallel()

	for _, s := range []State{Held, Released, Committed} {
		got, err := ParseState(string(s))
		require.NoError(t, err)
		require.Equal(t, s, got)
	}
	_, err := ParseState("HELD")
	requireFault(t, err, fault.Business, fault.Invalid)
}

func requireFault(t *testing.T, err error, kind fault.Kind, code fault.Code) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
	require.Equal(t, kind, fault.KindOf(err), "%v", err)
}
