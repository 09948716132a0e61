package store

import (
	"context"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/catalog"
)

var _ catalog.Auditor = (*Store)(nil)

// Audit implements [catalog.Auditor].
func (s *Store) Audit(ctx context.Context, r key.Range) (catalog.AuditPage, error) {
	page, err := s.audit(ctx, r)
	return page, database.Fault(err)
}

func (s *Store) audit(ctx context.Context, r key.Range) (catalog.AuditPage, error) {
	r, more, err := barrier.Cut(ctx, s.db, r)
	if err != nil {
		return catalog.AuditPage{}, err
	}
	outcomes, err := barrier.Outcomes[catalog.Quote](ctx, s.db, r)
	if err != nil {
		return catalog.AuditPage{}, err
	}
	page := catalog.AuditPage{Facts: make([]catalog.Fact, len(outcomes))}
	for i, o := range outcomes {
		page.Facts[i] = catalog.Fact{Saga: o.Key.Saga, Since: o.CreatedAt}
		if o.State == barrier.Done {
			page.Facts[i].Total = &o.Outcome.Total
		}
	}
	if more {
		page.Next = r.To
	}
	return page, nil
}
