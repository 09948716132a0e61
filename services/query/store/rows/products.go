package rows

import (
	"fmt"
	"slices"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store/search"
	"github.com/amends/amends/services/query/words"
)

// Product is a row of a product.
type Product struct {
	Generation    int64  `gorm:"primaryKey;autoIncrement:false"`
	SKU           string `gorm:"column:sku;primaryKey"`
	Seq           int64
	Version       int64
	Name          string
	Description   string
	Category      string
	PriceMinor    int64
	PriceCurrency string
	Listed        bool
	Available     int64
}

// TableName is for GORM.
func (Product) TableName() string { return "products" }

// Product returns the product of r.
func (r Product) Product() query.Product {
	return query.Product{
		SKU: r.SKU, Name: r.Name, Description: r.Description, Category: r.Category,
		Price: money.New(r.PriceMinor, money.Currency(r.PriceCurrency)), Available: r.Available,
	}
}

// Stock is a row of the stock of a SKU in a warehouse.
type Stock struct {
	Generation int64  `gorm:"primaryKey;autoIncrement:false"`
	SKU        string `gorm:"column:sku;primaryKey"`
	Warehouse  string `gorm:"primaryKey"`
	Available  int64
	Version    int64
}

// TableName is for GORM.
func (Stock) TableName() string { return "stock" }

// stock writes the stock of changes that is newer than the rows.
func (w writer) stock(changes []query.Change) error {
	keys, of := newest(changes, func(c query.Change) (string, bool) {
		if c.Stock == nil {
			return "", false
		}
		return c.Stock.SKU + "\x00" + c.Stock.Warehouse, true // no name has that character
	})
	if len(keys) == 0 {
		return nil
	}
	var skus []string
	for _, k := range keys {
		skus = append(skus, of[k].Stock.SKU)
	}
	skus = slices.Compact(skus) // they are sorted
	var have []Stock
	if err := w.tx.Where("generation = ? AND sku IN ?", w.generation, skus).Find(&have).Error; err != nil {
		return fmt.Errorf("read stock: %w", err)
	}
	versions := map[string]int64{}
	for _, r := range have {
		versions[r.SKU+"\x00"+r.Warehouse] = r.Version
	}
	var rows []Stock
	for _, k := range keys {
		if c := of[k]; c.Version > versions[k] {
			rows = append(rows, Stock{w.generation, c.Stock.SKU, c.Stock.Warehouse, c.Stock.Available, c.Version})
		}
	}
	if err := upsert(w.tx, rows, []string{"generation", "sku", "warehouse"}, []string{"available", "version"}); err != nil {
		return fmt.Errorf("write stock: %w", err)
	}
	return w.count(skus)
}

// count sums the stock of products up, as far as they are known.
func (w writer) count(skus []string) error {
	err := w.tx.Exec(`UPDATE products SET available = (SELECT coalesce(sum(s.available), 0) FROM stock AS s
		WHERE s.generation = products.generation AND s.sku = products.sku) WHERE generation = ? AND sku IN ?`, w.generation, skus).Error
	if err != nil {
		return fmt.Errorf("count the stock of products: %w", err)
	}
	return nil
}

// products writes the products of changes that are newer than the rows.
func (w writer) products(changes []query.Change) error {
	skus, of := newest(changes, func(c query.Change) (string, bool) {
		if c.Product == nil {
			return "", false
		}
		return c.Product.SKU, true
	})
	if len(skus) == 0 {
		return nil
	}
	var all []Product
	if err := w.tx.Select("sku", "seq", "version").Where("generation = ? AND sku IN ?", w.generation, skus).Find(&all).Error; err != nil {
		return fmt.Errorf("read the versions of products: %w", err)
	}
	have := map[string]Product{}
	for _, r := range all {
		have[r.SKU] = r
	}
	var last int64
	if err := w.tx.Raw("SELECT coalesce(max(seq), 0) FROM products WHERE generation = ?", w.generation).Scan(&last).Error; err != nil {
		return fmt.Errorf("number products: %w", err)
	}
	var rows []Product
	var found []search.Row
	for _, sku := range skus {
		c, was := of[sku], have[sku]
		if c.Version <= was.Version {
			continue
		}
		if was.Seq == 0 {
			last++
			was.Seq = last
		}
		p := c.Product
		rows = append(rows, Product{
			w.generation, sku, was.Seq, c.Version, p.Name, p.Description, p.Category, p.Price.Minor, string(p.Price.Currency), p.Listed, 0,
		})
		found = append(found, search.Row{Seq: was.Seq, Words: words.Of(p.Name, sku, p.Category, p.Description), Name: words.Of(p.Name)})
	}
	err := upsert(w.tx, rows, []string{"generation", "sku"},
		[]string{"version", "name", "description", "category", "price_minor", "price_currency", "listed"})
	if err != nil {
		return fmt.Errorf("write products: %w", err)
	}
	if err := search.Products.Put(w.tx, w.generation, found); err != nil {
		return err //nolint:wrapcheck // it names the operation
	}
	return w.count(skus)
}
