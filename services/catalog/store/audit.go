package store

import (
	"context"

	"github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/barrier/pages"
	"github.com/amends/amends/services/catalog"
	catalogaudit "github.com/amends/amends/services/catalog/audit"
	"github.com/amends/amends/services/catalog/store/step"
)

var _ catalogaudit.Auditor = (*Store)(nil)

// Audit implements [catalogaudit.Auditor].
func (s *Store) Audit(ctx context.Context, r audit.Range) (catalogaudit.Page, error) {
	page, err := s.audit(ctx, r)
	return page, database.Fault(err)
}

func (s *Store) audit(ctx context.Context, r audit.Range) (catalogaudit.Page, error) {
	r, more, err := pages.Cut(ctx, s.db, r)
	if err != nil {
		return catalogaudit.Page{}, err
	}
	entries, err := barrier.Entries(ctx, s.db, r)
	if err != nil {
		return catalogaudit.Page{}, err
	}
	telling, err := compare.Entries(ctx, s.db, r, entries, step.Steps)
	if err != nil {
		return catalogaudit.Page{}, err
	}
	page := catalogaudit.Page{Facts: make([]catalogaudit.Fact, len(entries))}
	for i, e := range entries {
		f := catalogaudit.Fact{Saga: e.Key.Saga, Since: e.CreatedAt, Telling: telling[e.Key.Saga]}
		if e.State == barrier.Done {
			q, err := barrier.Answer[catalog.Quote](e)
			f.Quoted(e.Key.Step, q, err)
		}
		page.Facts[i] = f
	}
	if more {
		page.Next = r.To
	}
	return page, nil
}
