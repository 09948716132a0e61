package shop

import (
	"context"
	"database/sql"
	"fmt"
)

// DemoPassword is that of every demo user.
const DemoPassword = "an old password"

// The assortment of the demo, that of `amends dev`.
var (
	demoProducts = []product{
		{"TEA-EARL-GREY", "Earl Grey tea, 250 g", "Black tea from Ceylon with oil of bergamot, whole leaves in a tin. Brew it for three minutes.", "tea", money{1299, "EUR"}, true},
		{"MUG-STONEWARE", "Stoneware mug", "Holds 300 ml. Glazed by hand, so no two are alike; safe in a dishwasher and in a microwave.", "tableware", money{1850, "EUR"}, true},
		{"KETTLE-STEEL", "Steel kettle", "Brushed steel, 1.5 litres, for every kind of stove. Its whistle can be taken off.", "kitchen", money{8900, "EUR"}, true},
		{"TEAPOT-LIMITED", "Teapot, limited edition", "Cast iron with an enamelled inside and a sieve, 0.8 litres. One of ten that were made.", "tableware", money{14900, "EUR"}, true},
		{"TEA-SOLD-OUT", "First flush tea, sold out", "The first leaves of spring from Darjeeling, light and flowery. Back after the next harvest.", "tea", money{999, "EUR"}, true},
		{"TEA-RETIRED", "Retired blend", "A smoky blend that is no longer made.", "tea", money{999, "EUR"}, false},
	}
	demoStock = []exportedStock{
		{"TEA-EARL-GREY", "BER", 60_000, 1},
		{"TEA-EARL-GREY", "AMS", 40_000, 1},
		{"MUG-STONEWARE", "BER", 50_000, 1},
		{"KETTLE-STEEL", "AMS", 30_000, 1},
		{"TEAPOT-LIMITED", "BER", 7, 1},
	}
)

// Demo fills an empty shop with an assortment and users, DemoEmail(1) to DemoEmail(users). A
// repeat changes nothing.
func (s *Shop) Demo(ctx context.Context, users int) error {
	err := s.in(ctx, func(tx *sql.Tx) error {
		for _, p := range demoProducts {
			if _, err := tx.ExecContext(ctx, "INSERT INTO products (sku, name, description, category, price, currency, active) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
				p.SKU, p.Name, p.Description, p.Category, p.Price.Amount, p.Price.Currency, p.Active); err != nil {
				return err
			}
		}
		for _, d := range demoStock {
			if _, err := tx.ExecContext(ctx, "INSERT INTO stock (sku, warehouse, available, received) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
				d.SKU, d.Warehouse, d.Available, d.Available); err != nil {
				return err
			}
		}
		return nil
	})
	for n := 1; err == nil && n <= users; n++ {
		_, err = s.addUser(ctx, DemoEmail(n), DemoPassword, fmt.Sprintf("Customer %d", n), "en")
	}
	return err
}

// DemoEmail returns the address of the nth demo user.
func DemoEmail(n int) string { return fmt.Sprintf("customer-%d@shop.example", n) }
