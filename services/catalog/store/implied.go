package store

import (
	"context"
	"fmt"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/implied"
	"github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/catalog/store/step"
)

// Implied is an [implied.Source]. Its state facts are those of products, by SKU.
func (s *Store) Implied(ctx context.Context, p implied.Page) (facts []event.Event, next string, err error) {
	if err := p.Check(); err != nil {
		return nil, "", err //nolint:wrapcheck // a fault
	}
	if len(p.Sagas) > 0 {
		facts, err = compare.Implied(ctx, s.db, p.Sagas, step.Steps)
		return facts, "", database.Fault(err)
	}
	var rows []productRow
	if err := s.db.WithContext(ctx).Where("sku > ?", p.After).Order("sku").Limit(p.Limit).Find(&rows).Error; err != nil {
		return nil, "", database.Fault(fmt.Errorf("read products: %w", err))
	}
	for _, r := range rows {
		fact := changed(r)
		fact.Time = r.UpdatedAt.UTC()
		facts = append(facts, fact)
	}
	if len(rows) == p.Limit {
		next = rows[p.Limit-1].SKU
	}
	return facts, next, nil
}
