package generations

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/amends/amends/internal/database"
)

// comparison has the columns of a table that must be equal in two generations.
type comparison struct {
	table, where string // where has the name of a row for %s
	key          []string
	words        string // the same
	values       []string
}

// comparisons have the key in words and the values of each table that must be equal in
// two generations. Positions are not, nor are versions, which also count changes that are
// not told; the time of a step's fact is that of its telling, which no row has.
var comparisons = []comparison{
	{"orders", "", []string{"id"}, "'order ' || %s.id", []string{"seq", "customer_id", "account", "status", "reason", "style", "attention", "view"}},
	{"order_lines", "", []string{"sku", "seq"}, "'line ' || %s.sku", []string{"sku"}},
	{
		"timeline", "",
		[]string{"order_id", "fact", "step", "round"},
		"'entry ' || %[1]s.fact || ' of ' || %[1]s.order_id",
		[]string{"data", "ends"},
	},
	{"timeline", " AND %s.fact LIKE 'order.%'", []string{"order_id", "fact", "step", "round"}, "'time of ' || %[1]s.fact || ' of ' || %[1]s.order_id", []string{"at"}},
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
		for _, statement := range []string{c.lacks("a", "b", c.values), c.lacks("b", "a", nil)} {
			var some []string
			if err := g.db.WithContext(ctx).Raw(statement, sql.Named("a", a), sql.Named("b", b)).Scan(&some).Error; err != nil {
				return nil, database.Fault(fmt.Errorf("compare the %s of generations: %w", c.table, err))
			}
			all = append(all, some...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// lacks selects the words for the rows of a generation that another one has not, or has with
// other values. Both are read from the bare table: SQLite has no index of a subquery, and
// would compare each row with all.
func (c comparison) lacks(has, other string, values []string) string {
	on := []string{fmt.Sprintf("%s.generation = @%[1]s", other)}
	for _, k := range c.key {
		on = append(on, fmt.Sprintf("%s.%s = %s.%[2]s", has, k, other))
	}
	differ := []string{fmt.Sprintf("%s.%s IS NULL", other, c.key[0])}
	for _, v := range values {
		differ = append(differ, fmt.Sprintf("%s.%s <> %s.%[2]s", has, v, other))
	}
	return fmt.Sprintf("SELECT %[1]s FROM %[2]s AS %[3]s LEFT JOIN %[2]s AS %[4]s ON %[5]s WHERE %[3]s.generation = @%[3]s%[6]s AND (%[7]s)",
		fmt.Sprintf(c.words, has), c.table, has, other, strings.Join(on, " AND "), strings.ReplaceAll(c.where, "%s", has), strings.Join(differ, " OR "))
}
