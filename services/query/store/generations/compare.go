package generations

import (
	"context"
	"fmt"
	"slices"

	"github.com/amends/amends/internal/database"
)

// comparisons have the key in words and the values of each table that must be equal in
// two generations. Positions are not, nor are versions, which also count changes that are
// not told; the time of a step's fact is that of its telling, which no row has.
var comparisons = []struct {
	table, where string
	key          []string
	words        string
	values       []string
}{
	{"orders", "", []string{"id"}, "'order ' || %s.id", []string{"seq", "customer_id", "status", "reason", "style", "attention", "view"}},
	{"order_lines", "", []string{"sku", "seq"}, "'line ' || %s.sku", []string{"sku"}},
	{
		"timeline", "",
		[]string{"order_id", "fact", "step", "round"},
		"'entry ' || %[1]s.fact || ' of ' || %[1]s.order_id",
		[]string{"data", "ends"},
	},
	{"timeline", " AND fact LIKE 'order.%'", []string{"order_id", "fact", "step", "round"}, "'time of ' || %[1]s.fact || ' of ' || %[1]s.order_id", []string{"at"}},
	{
		"products", "",
		[]string{"sku"},
		"'product ' || %s.sku",
		[]string{"name", "description", "category", "price_minor", "price_currency", "listed", "available"},
	},
	{"stock", "", []string{"sku", "warehouse"}, "'stock ' || %[1]s.sku || ' in ' || %[1]s.warehouse", []string{"available"}},
}

// Compare returns what differs between two generations, in words.
func (g *Generations) Compare(ctx context.Context, a, b int64) ([]string, error) {
	all := []string{}
	for _, c := range comparisons {
		on, differ := "", fmt.Sprintf("a.%[1]s IS NULL OR b.%[1]s IS NULL", c.key[0])
		for i, k := range c.key {
			if i > 0 {
				on += " AND "
			}
			on += fmt.Sprintf("a.%[1]s = b.%[1]s", k)
		}
		for _, v := range c.values {
			differ += fmt.Sprintf(" OR a.%[1]s <> b.%[1]s", v)
		}
		statement := fmt.Sprintf(`SELECT coalesce(%[1]s, %[2]s) FROM (SELECT * FROM %[3]s WHERE generation = ?%[4]s) AS a
			FULL JOIN (SELECT * FROM %[3]s WHERE generation = ?%[4]s) AS b ON %[5]s WHERE %[6]s`,
			fmt.Sprintf(c.words, "a"), fmt.Sprintf(c.words, "b"), c.table, c.where, on, differ)
		var some []string
		if err := g.db.WithContext(ctx).Raw(statement, a, b).Scan(&some).Error; err != nil {
			return nil, database.Fault(fmt.Errorf("compare the %s of generations: %w", c.table, err))
		}
		all = append(all, some...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
