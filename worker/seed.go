package worker

import (
	"context"
	"errors"
	"slices"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/catalog"
	catalogstore "github.com/amends/amends/services/catalog/store"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
)

// demoProducts and demoStock are what a first order can be placed with.
var demoProducts = []catalog.Product{
	{SKU: "TEA-EARL-GREY", Name: "Earl Grey tea, 250 g", Category: "tea", Price: money.New(1299, "EUR"), Active: true},
	{SKU: "MUG-STONEWARE", Name: "Stoneware mug", Category: "tableware", Price: money.New(1850, "EUR"), Active: true},
	{SKU: "KETTLE-STEEL", Name: "Steel kettle", Category: "kitchen", Price: money.New(8900, "EUR"), Active: true},
	{SKU: "TEAPOT-LIMITED", Name: "Teapot, limited edition", Category: "tableware", Price: money.New(14900, "EUR"), Active: true},
	{SKU: "TEA-SOLD-OUT", Name: "First flush tea, sold out", Category: "tea", Price: money.New(999, "EUR"), Active: true},
	{SKU: "TEA-RETIRED", Name: "Retired blend", Category: "tea", Price: money.New(999, "EUR"), Active: false},
}

var demoStock = []inventory.Delivery{
	{SKU: "TEA-EARL-GREY", Warehouse: "BER", Quantity: 100_000},
	{SKU: "TEA-EARL-GREY", Warehouse: "AMS", Quantity: 100_000},
	{SKU: "MUG-STONEWARE", Warehouse: "BER", Quantity: 100_000},
	{SKU: "KETTLE-STEEL", Warehouse: "AMS", Quantity: 100_000},
	{SKU: "TEAPOT-LIMITED", Warehouse: "BER", Quantity: 10},
}

// Seed puts the demo data into databases that are migrated. What is there
// already stays as it is: a repeat brings back neither a price that was changed
// nor stock that was sold. o needs the catalog and the inventory service.
func Seed(ctx context.Context, o Options) error {
	return errors.Join(
		with(ctx, o, "catalog", func(s *stores) error { return seedCatalog(ctx, catalogstore.New(s.own)) }),
		with(ctx, o, "inventory", func(s *stores) error { return seedStock(ctx, inventorystore.New(s.own)) }),
	)
}

func seedCatalog(ctx context.Context, c catalog.Service) error {
	var missing []catalog.Product
	for _, p := range demoProducts {
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

func seedStock(ctx context.Context, i inventory.Service) error {
	for _, d := range demoStock {
		have, err := i.Stock(ctx, d.SKU)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(have, func(s inventory.Stock) bool { return s.Warehouse == d.Warehouse }) {
			continue
		}
		if _, err := i.Receive(ctx, d); err != nil {
			return err
		}
	}
	return nil
}
