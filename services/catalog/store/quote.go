package store

import (
	"context"
	"strconv"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/catalog/store/step"
)

// Quote implements [catalog.Service].
func (s *Store) Quote(ctx context.Context, k key.Key, req catalog.QuoteRequest) (catalog.Quote, error) {
	call := barrier.Call{Key: k, Fingerprint: fingerprint(req), Request: req}
	q, err := barrier.Do(ctx, s.db, call, func(tx *gorm.DB) (catalog.Quote, error) {
		known, err := products(tx, req.Lines)
		if err != nil {
			return catalog.Quote{}, err
		}
		return catalog.Price(req, known)
	}, step.Quote.Tell(ctx))
	return q, database.Fault(err)
}

// fingerprint identifies a quote by the currency and each line's product and quantity,
// in their order.
func fingerprint(req catalog.QuoteRequest) string {
	parts := make([]string, 0, 1+2*len(req.Lines))
	parts = append(parts, string(req.Currency))
	for _, l := range req.Lines {
		parts = append(parts, l.SKU, strconv.FormatInt(l.Quantity, 10))
	}
	return barrier.Fingerprint(1, parts...)
}

// products reads the lines' products in one statement, so the prices of a quote are
// those of one moment even during an import.
func products(tx *gorm.DB, lines []catalog.Line) (map[string]catalog.Product, error) {
	skus := make([]string, 0, len(lines))
	for _, l := range lines {
		skus = append(skus, l.SKU)
	}
	var rows []productRow
	if err := tx.Select("sku", "price_minor", "price_currency", "active").Where("sku IN ?", skus).Find(&rows).Error; err != nil {
		return nil, err
	}
	found := make(map[string]catalog.Product, len(rows))
	for _, r := range rows {
		found[r.SKU] = r.product()
	}
	return found, nil
}
