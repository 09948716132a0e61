// Package demo has the demo data of `amends dev` and `amends seed`: products and stock with which a
// first order can be placed, and some that make one fail.
package demo

import (
	"context"
	"errors"
	"slices"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
)

// author books the demo data.
const author = "demo data"

var products = []catalog.Product{
	{SKU: "TEA-EARL-GREY", Name: "Earl Grey tea, 250 g", Category: "tea", Description: "Black tea from Ceylon with oil of bergamot, whole leaves in a tin. Brew it for three minutes.", Price: money.New(1299, "EUR"), Active: true},
	{SKU: "MUG-STONEWARE", Name: "Stoneware mug", Category: "tableware", Description: "Holds 300 ml. Glazed by hand, so no two are alike; safe in a dishwasher and in a microwave.", Price: money.New(1850, "EUR"), Active: true},
	{SKU: "KETTLE-STEEL", Name: "Steel kettle", Category: "kitchen", Description: "Brushed steel, 1.5 litres, for every kind of stove. Its whistle can be taken off.", Price: money.New(8900, "EUR"), Active: true},
	{SKU: "TEAPOT-LIMITED", Name: "Teapot, limited edition", Category: "tableware", Description: "Cast iron with an enamelled inside and a sieve, 0.8 litres. One of ten that were made.", Price: money.New(14900, "EUR"), Active: true},
	{SKU: "TEA-SOLD-OUT", Name: "First flush tea, sold out", Category: "tea", Description: "The first leaves of spring from Darjeeling, light and flowery. Back after the next harvest.", Price: money.New(999, "EUR"), Active: true},
	{SKU: "TEA-RETIRED", Name: "Retired blend", Category: "tea", Description: "A smoky blend that is no longer made.", Price: money.New(999, "EUR"), Active: false},
}

var deliveries = []inventory.Delivery{
	{SKU: "TEA-EARL-GREY", Warehouse: "BER", Quantity: 100_000},
	{SKU: "TEA-EARL-GREY", Warehouse: "AMS", Quantity: 100_000},
	{SKU: "MUG-STONEWARE", Warehouse: "BER", Quantity: 100_000},
	{SKU: "KETTLE-STEEL", Warehouse: "AMS", Quantity: 100_000},
	{SKU: "TEAPOT-LIMITED", Warehouse: "BER", Quantity: 10},
}

// Products imports the demo products that the catalog does not have. A repeat
// changes nothing: a price that was changed since stays.
func Products(ctx context.Context, c catalog.Direct) error {
	var missing []catalog.Product
	for _, p := range products {
		if _, err := c.Product(ctx, p.SKU); fault.CodeOf(err) == fault.NotFound {
			missing = append(missing, p)
		} else if err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return c.Import(ctx, missing)
}

// Stock receives the demo deliveries of every SKU that a warehouse never had. A
// repeat changes nothing: stock that was sold since stays sold.
func Stock(ctx context.Context, i inventory.Direct) error {
	var errs []error
	for _, d := range deliveries {
		d.By = author
		have, err := i.Stock(ctx, d.SKU)
		if err == nil && !slices.ContainsFunc(have, func(s inventory.Stock) bool { return s.Warehouse == d.Warehouse }) {
			_, err = i.Receive(ctx, d)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
