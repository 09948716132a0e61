package imports

import (
	"context"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/strangle/monolith"
	"github.com/amends/amends/services/catalog"
)

// Products imports the products. One that differs here is replaced, and told: the read model
// follows it, and nothing else does.
func Products(ctx context.Context, c *monolith.Client, to catalog.Direct) (Report, error) {
	write := func(ctx context.Context, items []monolith.Product) (int, error) {
		var changed []catalog.Product
		for _, p := range items {
			have, err := to.Product(ctx, p.SKU)
			if err != nil && fault.CodeOf(err) != fault.NotFound {
				return 0, err
			}
			if want := productOf(p); err != nil || have != want {
				changed = append(changed, want)
			}
		}
		if len(changed) == 0 {
			return 0, nil
		}
		return len(changed), to.Import(ctx, changed)
	}
	return each(ctx, c, monolith.Products, write, func(ctx context.Context, p monolith.Product) (string, error) {
		have, err := to.Product(ctx, p.SKU)
		if fault.CodeOf(err) == fault.NotFound {
			return p.SKU + ": it is not here", nil
		}
		want, u := productOf(p), unlike{about: p.SKU}
		u.field("name", want.Name, have.Name)
		u.field("description", want.Description, have.Description)
		u.field("category", want.Category, have.Category)
		u.field("price", want.Price, have.Price)
		u.field("being for sale", want.Active, have.Active)
		return u.found, err
	})
}

func productOf(p monolith.Product) catalog.Product {
	return catalog.Product{SKU: p.SKU, Name: p.Name, Description: p.Description, Category: p.Category, Price: p.Price, Active: p.Active}
}
