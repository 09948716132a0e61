// Package implied reads the facts that the rows of the inventory service imply.
package implied

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/implied"
	"github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/inventory/store/step"
)

// Source returns the facts of the service on db. Its state facts are those of stock, by
// SKU; a page has all warehouses of a SKU. Their time is not recorded, so it is that of
// the answer.
func Source(db *gorm.DB) implied.Source {
	ofSagas := compare.Source(db, step.Steps)
	return func(ctx context.Context, p implied.Page) ([]event.Event, string, error) {
		if err := p.Check(); err != nil || len(p.Sagas) > 0 {
			return ofSagas(ctx, p)
		}
		facts, next, err := stock(db.WithContext(ctx), p)
		return facts, next, database.Fault(err)
	}
}

func stock(db *gorm.DB, p implied.Page) (facts []event.Event, next string, err error) {
	var skus []string
	err = db.Table("stock").Distinct("sku").Where("sku > ?", p.After).Order("sku").Limit(p.Limit).Pluck("sku", &skus).Error
	if err != nil {
		return nil, "", fmt.Errorf("list SKUs: %w", err)
	}
	if len(skus) == 0 {
		return nil, "", nil
	}
	var rows []struct {
		inventory.StockData `gorm:"embedded"`

		Version int64
	}
	err = db.Table("stock").Select("sku", "warehouse", "available", "version").Where("sku IN ?", skus).Order("sku, warehouse").Find(&rows).Error
	if err != nil {
		return nil, "", fmt.Errorf("read stock: %w", err)
	}
	for _, r := range rows {
		fact := inventory.StockChangedFact.At(r.SKU, "", r.Version, r.StockData)
		fact.Time = database.Now()
		facts = append(facts, fact)
	}
	if len(skus) == p.Limit {
		next = skus[p.Limit-1]
	}
	return facts, next, nil
}
