package store

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/catalog"
)

// batch is how many rows one INSERT carries: 10 columns each stay far below the
// 32,766 parameters that SQLite allows.
const batch = 500

// Import implements [catalog.Service].
func (s *Store) Import(ctx context.Context, products []catalog.Product) error {
	now := database.Now()
	rows := make([]productRow, 0, len(products))
	categories := map[string]categoryRow{}
	for _, p := range products {
		if err := p.Validate(); err != nil {
			return err
		}
		rows = append(rows, newProductRow(p, now))
		categories[p.Category] = categoryRow{Name: p.Category, CreatedAt: now}
	}
	// Concurrent imports must take their row locks in the same order.
	slices.SortFunc(rows, func(a, b productRow) int { return strings.Compare(a.SKU, b.SKU) })
	names := slices.SortedFunc(maps.Values(categories), func(a, b categoryRow) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(rows); i++ {
		if rows[i].SKU == rows[i-1].SKU {
			return fault.Errorf(fault.Business, fault.Invalid, "product %q is given twice", rows[i].SKU)
		}
	}

	return database.InTx(ctx, s.db, func(tx *gorm.DB) error {
		for chunk := range slices.Chunk(names, batch) {
			if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&chunk).Error; err != nil {
				return err
			}
		}
		for chunk := range slices.Chunk(rows, batch) {
			if err := replace(tx, slices.Clone(chunk)); err != nil {
				return err
			}
		}
		return nil
	})
}

// replace inserts the rows, or replaces those that differ, and tells of them.
func replace(tx *gorm.DB, rows []productRow) error {
	res := tx.Clauses(replaceChanged, clause.Returning{}).Create(&rows)
	if res.Error != nil {
		return res.Error
	}
	// GORM puts the rows that were written, and only those, into the first elements.
	return tellProducts(tx, rows[:res.RowsAffected])
}

// Product implements [catalog.Service].
func (s *Store) Product(ctx context.Context, sku string) (catalog.Product, error) {
	var row productRow
	err := s.db.WithContext(ctx).Where("sku = ?", sku).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return catalog.Product{}, fault.Errorf(fault.Business, fault.NotFound, "there is no such product")
	}
	if err != nil {
		return catalog.Product{}, database.Fault(err)
	}
	return row.product(), nil
}

// Products implements [catalog.Service].
func (s *Store) Products(ctx context.Context, after string, limit int) ([]catalog.Product, error) {
	if limit < 1 || limit > catalog.MaxPage {
		return nil, fault.Errorf(fault.Business, fault.Invalid, "a page has 1 to %d products", catalog.MaxPage)
	}
	var rows []productRow
	if err := s.db.WithContext(ctx).Where("sku > ?", after).Order("sku").Limit(limit).Find(&rows).Error; err != nil {
		return nil, database.Fault(err)
	}
	products := make([]catalog.Product, len(rows))
	for i, r := range rows {
		products[i] = r.product()
	}
	return products, nil
}

// replaceChanged updates an existing product only if it differs, so that updated_at is
// the time of its last change and not of the last import.
var replaceChanged = clause.OnConflict{
	Columns: []clause.Column{{Name: "sku"}},
	DoUpdates: append(clause.AssignmentColumns([]string{"name", "category", "description", "price_minor", "price_currency", "active", "updated_at"}),
		clause.Assignment{Column: clause.Column{Name: "version"}, Value: gorm.Expr("products.version + 1")}),
	Where: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: `products.name <> excluded.name
		OR products.category <> excluded.category OR products.description <> excluded.description OR products.active <> excluded.active
		OR products.price_minor IS DISTINCT FROM excluded.price_minor
		OR products.price_currency IS DISTINCT FROM excluded.price_currency`}}},
}

type productRow struct {
	SKU           string `gorm:"column:sku;primaryKey"`
	Name          string
	Category      string
	Description   string
	PriceMinor    *int64 // nil: no price yet, and then no currency either
	PriceCurrency *string
	Active        bool
	Version       int64
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

func (productRow) TableName() string { return "products" }

type categoryRow struct {
	Name      string `gorm:"primaryKey"`
	CreatedAt time.Time
}

func (categoryRow) TableName() string { return "categories" }

func newProductRow(p catalog.Product, now time.Time) productRow {
	r := productRow{SKU: p.SKU, Name: p.Name, Category: p.Category, Description: p.Description, Active: p.Active, Version: 1, CreatedAt: now, UpdatedAt: now}
	if p.Priced() {
		minor, currency := p.Price.Minor, string(p.Price.Currency)
		r.PriceMinor, r.PriceCurrency = &minor, &currency
	}
	return r
}

func (r productRow) product() catalog.Product {
	p := catalog.Product{SKU: r.SKU, Name: r.Name, Category: r.Category, Description: r.Description, Active: r.Active}
	if r.PriceMinor != nil && r.PriceCurrency != nil {
		p.Price = money.New(*r.PriceMinor, money.Currency(*r.PriceCurrency))
	}
	return p
}
