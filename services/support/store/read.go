package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/support"
)

// Get implements [support.Service].
func (s *Store) Get(ctx context.Context, id, order string) (support.Case, error) {
	c, err := whole(s.db.WithContext(ctx), id, order)
	return c, database.Fault(err)
}

// whole returns a case with its messages.
func whole(db *gorm.DB, id, order string) (support.Case, error) {
	c, err := read(db, id, order)
	if err == nil {
		err = readMessages(db, &c)
	}
	return c, err
}

// OfOrder implements [support.Service].
func (s *Store) OfOrder(ctx context.Context, order string) ([]support.Case, error) {
	if order == "" {
		return nil, fault.Errorf(fault.Business, fault.Invalid, "a list of cases is of an order")
	}
	return list(s.db.WithContext(ctx).Where("order_id = ?", order).Order("id DESC"))
}

// List implements [support.Service].
func (s *Store) List(ctx context.Context, f support.Filter) ([]support.Case, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	query := s.db.WithContext(ctx).Where("id > ?", f.After).Order("id").Limit(f.Limit)
	if f.State != "" {
		query = query.Where("state = ?", string(f.State))
	}
	if f.Assignee != "" {
		query = query.Where("assignee = ?", f.Assignee)
	}
	return list(query)
}

func list(query *gorm.DB) ([]support.Case, error) {
	var rows []caseRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, database.Fault(fmt.Errorf("list cases: %w", err))
	}
	all := make([]support.Case, len(rows))
	for i, r := range rows {
		all[i] = r.whole()
	}
	return all, nil
}
