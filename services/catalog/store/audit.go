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
	standings, err := barrier.Standings(ctx, s.db, r)
	if err != nil {
		return catalog.AuditPage{}, err
	}
	page := catalog.AuditPage{Facts: make([]catalog.Fact, len(standings))}
	for i, st := range standings {
		page.Facts[i] = fact(st)
	}
	if more {
		page.Next = r.To
	}
	return page, nil
}

func fact(st barrier.Standing) catalog.Fact {
	f := catalog.Fact{Saga: st.Key.Saga, Since: st.CreatedAt}
	if st.State != barrier.Done {
		return f
	}
	q, err := barrier.Answer[catalog.Quote](st)
	if err != nil {
		f.Answers = []string{st.Key.Step + ": what it was answered cannot be read"}
		return f
	}
	f.Total, f.Units = &q.Total, q.Units()
	if why := q.Check(); why != "" {
		f.Answers = []string{st.Key.Step + ": " + why}
	}
	return f
}
