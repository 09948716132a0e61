package compare

import (
	"context"
	"fmt"
	"time"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store/rows"
)

// Unlike returns the changes of products and stock that the read model does not have, each
// in words: its row is absent, or has other values although it is not newer.
func (s *Store) Unlike(ctx context.Context, changes []query.Change) (unlike []query.Change, words []string, err error) {
	head, err := rows.FindHead(ctx, s.db)
	if err != nil || len(changes) == 0 {
		return nil, nil, err
	}
	var skus []string
	for _, c := range changes {
		if c.Product != nil {
			skus = append(skus, c.Product.SKU)
		}
		if c.Stock != nil {
			skus = append(skus, c.Stock.SKU)
		}
	}
	products, stock, err := s.goods(ctx, head.Generation, skus)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range changes {
		var differs string
		switch {
		case c.Product != nil:
			differs = ofProduct(c, products[c.Product.SKU])
		case c.Stock != nil:
			differs = ofStock(c, stock[place{c.Stock.SKU, c.Stock.Warehouse}])
		}
		if differs != "" {
			unlike, words = append(unlike, c), append(words, differs)
		}
	}
	return unlike, words, nil
}

// place is a shelf.
type place struct{ sku, warehouse string }

func (s *Store) goods(ctx context.Context, generation int64, skus []string) (map[string]*rows.Product, map[place]*rows.Stock, error) {
	var found []rows.Product
	var shelves []rows.Stock
	err := s.db.WithContext(ctx).Where("generation = ? AND sku IN ?", generation, skus).Find(&found).Error
	if err == nil {
		err = s.db.WithContext(ctx).Where("generation = ? AND sku IN ?", generation, skus).Find(&shelves).Error
	}
	if err != nil {
		return nil, nil, database.Fault(fmt.Errorf("read copies of products: %w", err))
	}
	products, stock := map[string]*rows.Product{}, map[place]*rows.Stock{}
	for i := range found {
		products[found[i].SKU] = &found[i]
	}
	for i, r := range shelves {
		stock[place{r.SKU, r.Warehouse}] = &shelves[i]
	}
	return products, stock, nil
}

func ofProduct(c query.Change, r *rows.Product) string {
	p := c.Product
	switch {
	case r == nil:
		return fmt.Sprintf("the read model does not have the product %s", p.SKU)
	case r.Version > c.Version:
		return ""
	}
	have := query.ProductChange{
		SKU: r.SKU, Name: r.Name, Description: r.Description, Category: r.Category, Price: r.Product().Price, Listed: r.Listed,
	}
	if have == *p {
		return ""
	}
	return fmt.Sprintf("the product %s is %q in %q for %s (listed: %t), in the read model %q in %q for %s (listed: %t)",
		p.SKU, p.Name, p.Category, p.Price, p.Listed, have.Name, have.Category, have.Price, have.Listed)
}

func ofStock(c query.Change, r *rows.Stock) string {
	at := c.Stock
	switch {
	case r == nil:
		return fmt.Sprintf("the read model does not have the stock of %s in %s", at.SKU, at.Warehouse)
	case r.Version > c.Version || r.Available == at.Available:
		return ""
	}
	return fmt.Sprintf("%d units of %s are available in %s, in the read model %d", at.Available, at.SKU, at.Warehouse, r.Available)
}

// listed is the most products that are described one by one.
const listed = 100

// Sums describes products whose available units are not those of their stock.
func (s *Store) Sums(ctx context.Context) (wrong []string, err error) {
	var found []struct {
		SKU            string `gorm:"column:sku"`
		Available, Sum int64
	}
	err = s.db.WithContext(ctx).Raw(`SELECT p.sku, p.available, coalesce(sum(s.available), 0) AS sum
		FROM generations AS g JOIN products AS p ON p.generation = g.generation
		LEFT JOIN stock AS s ON s.generation = p.generation AND s.sku = p.sku
		WHERE g.state = 'current' GROUP BY p.sku, p.available HAVING p.available <> coalesce(sum(s.available), 0) ORDER BY p.sku LIMIT ?`, listed).Scan(&found).Error
	if err != nil {
		return nil, database.Fault(fmt.Errorf("sum up copies of stock: %w", err))
	}
	for _, f := range found {
		wrong = append(wrong, fmt.Sprintf("the read model offers %d units of %s, its stock of all warehouses is %d", f.Available, f.SKU, f.Sum))
	}
	return wrong, nil
}

// Counts are how many rows of products and of stock the read model has.
type Counts struct{ Products, Stock int64 }

// Count counts the products and the stock.
func (s *Store) Count(ctx context.Context) (c Counts, err error) {
	err = s.db.WithContext(ctx).Raw(`SELECT (SELECT count(*) FROM products WHERE generation = g.generation) AS products,
		(SELECT count(*) FROM stock WHERE generation = g.generation) AS stock FROM generations AS g WHERE g.state = 'current'`).Scan(&c).Error
	return c, database.Fault(err)
}

// AsOf returns the time up to which the read model has all that the broker had; the zero
// time: that is not known.
func (s *Store) AsOf(ctx context.Context) (time.Time, error) {
	head, err := rows.FindHead(ctx, s.db)
	return head.AsOf(), err //nolint:wrapcheck // a fault
}
