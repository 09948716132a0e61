package placement

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
)

func TestPlacementValidate(t *testing.T) {
	t.Parallel()

	good := func() Placement {
		return Placement{CustomerID: "cus_42", Currency: "EUR", Lines: []Line{{"MUG", 2}, {"KETTLE", 1}}}
	}
	require.NoError(t, good().Validate())
	wide := good()
	wide.Lines[0].SKU = strings.Repeat("茶", 255) // characters count, as in the API
	require.NoError(t, wide.Validate())
	for claim, spoil := range map[string]func(*Placement){
		"RefusesNoCustomer":         func(p *Placement) { p.CustomerID = "" },
		"RefusesANULInACustomer":    func(p *Placement) { p.CustomerID = "cus\x00" },
		"RefusesALongCustomer":      func(p *Placement) { p.CustomerID = strings.Repeat("c", 256) },
		"RefusesNoCurrency":         func(p *Placement) { p.Currency = "" },
		"RefusesAnUnknownCurrency":  func(p *Placement) { p.Currency = "eur" },
		"RefusesNoLines":            func(p *Placement) { p.Lines = nil },
		"RefusesTheSameSKUTwice":    func(p *Placement) { p.Lines = append(p.Lines, p.Lines[0]) },
		"RefusesNoQuantity":         func(p *Placement) { p.Lines[1].Quantity = 0 },
		"RefusesANegativeQuantity":  func(p *Placement) { p.Lines[1].Quantity = -2 },
		"RefusesAnEmptySKU":         func(p *Placement) { p.Lines[1].SKU = "" },
		"RefusesInvalidUTF8InASKU":  func(p *Placement) { p.Lines[1].SKU = "MUG\xff" },
		"RefusesALineBreakInASKU":   func(p *Placement) { p.Lines[1].SKU = "MUG\n" },
		"RefusesASKUThatIsNotAName": func(p *Placement) { p.Lines[1].SKU = strings.Repeat("M", 256) },
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()

			p := good()
			spoil(&p)
			err := p.Validate()
			require.Equal(t, []any{fault.Business, fault.Invalid}, []any{fault.KindOf(err), fault.CodeOf(err)})
		})
	}
}
