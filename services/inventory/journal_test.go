package inventory

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
)

func TestAdjustmentValidate(t *testing.T) {
	t.Parallel()

	valid := Adjustment{SKU: "TEA", Warehouse: "BER", Units: -3, Reason: "Bruch, 3 Stück", By: "ada", Reference: "count 2026/11"}
	require.NoError(t, valid.Validate())
	for claim, change := range map[string]func(a *Adjustment){
		"TakesAnyScript":     func(a *Adjustment) { a.Reason, a.By = "棚卸し", "秋" },
		"TakesNoUnits":       func(a *Adjustment) { a.Units = 0 },
		"TakesNoReference":   func(a *Adjustment) { a.Reference = "" },
		"TakesTheMost":       func(a *Adjustment) { a.Units = -MaxDelivery },
		"TakesALongSentence": func(a *Adjustment) { a.Reason = strings.Repeat("ß", 1000) },
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			a := valid
			change(&a)
			require.NoError(t, a.Validate())
		})
	}
	for claim, change := range map[string]func(a *Adjustment){
		"RefusesTooManyUnits":             func(a *Adjustment) { a.Units = MaxDelivery + 1 },
		"RefusesTooManyUnitsTakenOff":     func(a *Adjustment) { a.Units = -MaxDelivery - 1 },
		"RefusesNoSKU":                    func(a *Adjustment) { a.SKU = "" },
		"RefusesNoWarehouse":              func(a *Adjustment) { a.Warehouse = "" },
		"RefusesNoReason":                 func(a *Adjustment) { a.Reason = "" },
		"RefusesSpaces":                   func(a *Adjustment) { a.Reason = " \u00a0\u2003" },
		"RefusesAnInvisibleReason":        func(a *Adjustment) { a.Reason = "\u200b\u2060\ufeff" },
		"RefusesAFiller":                  func(a *Adjustment) { a.Reason = "\u3164\u115f\uffa0" },
		"RefusesALineBreak":               func(a *Adjustment) { a.Reason = "one\ntwo" },
		"RefusesInvalidUTF8":              func(a *Adjustment) { a.Reason = "x\xff" },
		"RefusesALongReason":              func(a *Adjustment) { a.Reason = strings.Repeat("x", 1001) },
		"RefusesNoAuthor":                 func(a *Adjustment) { a.By = "\u200b" },
		"RefusesALongReference":           func(a *Adjustment) { a.Reference = strings.Repeat("x", 201) },
		"RefusesABlankReference":          func(a *Adjustment) { a.Reference = " " },
		"RefusesAReferenceThatEndsBlank":  func(a *Adjustment) { a.Reference = "count " },
		"RefusesInvisiblePartsOfAKey":     func(a *Adjustment) { a.Reference = "count\u200b1" },
		"RefusesAFillerWithinAKey":        func(a *Adjustment) { a.Reference = "count\u31641" },
		"RefusesAControlCharacterInAKey":  func(a *Adjustment) { a.Reference = "count\t1" },
		"RefusesADirectionMarkAroundAKey": func(a *Adjustment) { a.Reference = "\u200ecount" },
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			a := valid
			change(&a)
			requireFault(t, a.Validate(), fault.Business, fault.Invalid)
		})
	}
}
