package catalog_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/catalog"
)

func TestPrice(t *testing.T) {
	t.Parallel()

	products := map[string]catalog.Product{
		"MUG":     {SKU: "MUG", Price: money.New(1850, "EUR"), Active: true},
		"KETTLE":  {SKU: "KETTLE", Price: money.New(8900, "EUR"), Active: true},
		"DOLLAR":  {SKU: "DOLLAR", Price: money.New(100, "USD"), Active: true},
		"RETIRED": {SKU: "RETIRED", Price: money.New(999, "EUR")},
		"PENDING": {SKU: "PENDING", Active: true},
		"PALACE":  {SKU: "PALACE", Price: money.New(math.MaxInt64/2, "EUR"), Active: true},
	}
	ask := func(lines ...catalog.Line) (catalog.Quote, error) {
		return catalog.Price(catalog.QuoteRequest{Currency: "EUR", Lines: lines}, products)
	}

	t.Run("TotalsTheLinesInTheirOrder", func(t *testing.T) {
		t.Parallel()

		got, err := ask(catalog.Line{SKU: "MUG", Quantity: 2}, catalog.Line{SKU: "KETTLE", Quantity: 1})
		require.NoError(t, err)
		require.Equal(t, catalog.Quote{
			Lines: []catalog.PricedLine{
				{SKU: "MUG", Quantity: 2, UnitPrice: money.New(1850, "EUR")},
				{SKU: "KETTLE", Quantity: 1, UnitPrice: money.New(8900, "EUR")},
			},
			Total: money.New(12600, "EUR"),
		}, got)
	})

	for name, tc := range map[string]struct {
		lines []catalog.Line
		code  fault.Code
	}{
		"RefusesNoLine":                {nil, fault.Invalid},
		"RefusesQuantityZero":          {[]catalog.Line{{SKU: "MUG"}}, fault.Invalid},
		"RefusesNegativeQuantity":      {[]catalog.Line{{SKU: "MUG", Quantity: -1}}, fault.Invalid},
		"RefusesMissingProduct":        {[]catalog.Line{{SKU: "SPOON", Quantity: 1}}, catalog.UnknownSKU},
		"RefusesInactiveProduct":       {[]catalog.Line{{SKU: "RETIRED", Quantity: 1}}, catalog.UnknownSKU},
		"RefusesUnpricedProduct":       {[]catalog.Line{{SKU: "PENDING", Quantity: 1}}, catalog.UnknownSKU},
		"RefusesOtherCurrency":         {[]catalog.Line{{SKU: "DOLLAR", Quantity: 1}}, catalog.CurrencyMismatch},
		"RefusesOverflowOfALine":       {[]catalog.Line{{SKU: "PALACE", Quantity: 3}}, catalog.AmountOverflow},
		"RefusesOverflowOfTheTotal":    {[]catalog.Line{{SKU: "PALACE", Quantity: 2}, {SKU: "MUG", Quantity: 1}}, catalog.AmountOverflow},
		"DecidesByTheFirstLineInOrder": {[]catalog.Line{{SKU: "DOLLAR", Quantity: 1}, {SKU: "SPOON", Quantity: 1}}, catalog.CurrencyMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got, err := ask(tc.lines...)
			require.Equal(t, tc.code, fault.CodeOf(err))
			require.Equal(t, fault.Business, fault.KindOf(err))
			require.Zero(t, got)
		})
	}
}

func TestPriceIsExactOrRefused(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		products := map[string]catalog.Product{}
		var req catalog.QuoteRequest
		req.Currency = "EUR"
		want := new(big.Int)
		for i := range rapid.IntRange(1, 8).Draw(t, "lines") {
			sku := strings.Repeat("X", i+1)
			price := rapid.Int64Range(1, math.MaxInt64).Draw(t, "price")
			quantity := rapid.Int64Range(1, math.MaxInt64).Draw(t, "quantity")
			products[sku] = catalog.Product{SKU: sku, Price: money.New(price, "EUR"), Active: true}
			req.Lines = append(req.Lines, catalog.Line{SKU: sku, Quantity: quantity})
			want.Add(want, new(big.Int).Mul(big.NewInt(price), big.NewInt(quantity)))
		}

		got, err := catalog.Price(req, products)
		if want.IsInt64() {
			require.NoError(t, err)
			require.Equal(t, money.New(want.Int64(), "EUR"), got.Total)
		} else {
			require.Equal(t, catalog.AmountOverflow, fault.CodeOf(err))
		}
	})
}

func TestMaxPriceLeavesRoomForTheLargestOrder(t *testing.T) {
	t.Parallel()

	_, err := money.New(catalog.MaxPrice, "EUR").Mul(200 * 10_000)
	require.NoError(t, err)
}

func TestProductValidate(t *testing.T) {
	t.Parallel()

	good := catalog.Product{SKU: "MUG", Name: "Mug", Category: "Cups", Price: money.New(1850, "EUR"), Active: true}
	require.NoError(t, good.Validate())

	for name, change := range map[string]func(*catalog.Product){
		"NeedsSKU":                   func(p *catalog.Product) { p.SKU = "" },
		"NeedsSKUWithoutOuterSpaces": func(p *catalog.Product) { p.SKU = "MUG " },
		"NeedsPrintableSKU":          func(p *catalog.Product) { p.SKU = "MU\x00G" },
		"NeedsUTF8":                  func(p *catalog.Product) { p.Name = "Mu\xffg" },
		"NeedsShortName":             func(p *catalog.Product) { p.Name = strings.Repeat("ü", 201) },
		"NeedsCategory":              func(p *catalog.Product) { p.Category = "" },
		"NeedsShortDescription":      func(p *catalog.Product) { p.Description = strings.Repeat("ü", catalog.MaxDescription+1) },
		"NeedsOneLineDescription":    func(p *catalog.Product) { p.Description = "Holds\n300 ml." },
		"NeedsVisibleDescription":    func(p *catalog.Product) { p.Description = " " },
		"RefusesNegativePrice":       func(p *catalog.Product) { p.Price.Minor = -1 },
		"RefusesHugePrice":           func(p *catalog.Product) { p.Price.Minor = catalog.MaxPrice + 1 },
		"RefusesUnknownCurrency":     func(p *catalog.Product) { p.Price.Currency = "eur" },
		"RefusesPriceNoCurrency":     func(p *catalog.Product) { p.Price.Currency = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			p := good
			change(&p)
			require.Equal(t, fault.Invalid, fault.CodeOf(p.Validate()))
		})
	}

	t.Run("AllowsWhatIsFree", func(t *testing.T) {
		t.Parallel()

		p := good
		p.Price.Minor = 0
		require.NoError(t, p.Validate())
		require.True(t, p.Priced())
	})

	t.Run("AllowsALongDescription", func(t *testing.T) {
		t.Parallel()

		p := good
		p.Description = strings.Repeat("ü", catalog.MaxDescription)
		require.NoError(t, p.Validate())
	})

	t.Run("AllowsNoPriceYet", func(t *testing.T) {
		t.Parallel()

		p := good
		p.Price = money.Amount{}
		require.NoError(t, p.Validate())
	})
}
