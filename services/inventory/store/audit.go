package store

import (
	"context"

	"github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/barrier/pages"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	"github.com/amends/amends/services/inventory/store/facts"
	"github.com/amends/amends/services/inventory/store/reservations"
	"github.com/amends/amends/services/inventory/store/step"
	"github.com/amends/amends/services/inventory/store/tally"
)

var _ inventoryaudit.Auditor = (*Store)(nil)

// Audit implements [inventoryaudit.Auditor].
func (s *Store) Audit(ctx context.Context, r audit.Range) (inventoryaudit.Page, error) {
	page, err := s.audit(ctx, r)
	return page, database.Fault(err)
}

func (s *Store) audit(ctx context.Context, r audit.Range) (inventoryaudit.Page, error) {
	r, more, err := pages.Cut(ctx, s.db, r, "reservations")
	if err != nil {
		return inventoryaudit.Page{}, err
	}
	entries, err := barrier.Entries(ctx, s.db, r)
	if err != nil {
		return inventoryaudit.Page{}, err
	}
	reserved, err := reservations.Within(ctx, s.db, r)
	if err != nil {
		return inventoryaudit.Page{}, err
	}
	back, err := tally.Returned(ctx, s.db, r)
	if err != nil {
		return inventoryaudit.Page{}, err
	}
	telling, err := compare.Entries(ctx, s.db, r, entries, step.Steps)
	if err != nil {
		return inventoryaudit.Page{}, err
	}
	page := inventoryaudit.Page{Facts: facts.Of(entries, reserved, back)}
	for i := range page.Facts {
		page.Facts[i].Telling = telling[page.Facts[i].Saga]
	}
	if more {
		page.Next = r.To
	}
	return page, nil
}

// AuditStock implements [inventoryaudit.Auditor].
func (s *Store) AuditStock(ctx context.Context) ([]string, error) { return tally.Wrong(ctx, s.db) }
