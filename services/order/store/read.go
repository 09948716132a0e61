package store

import (
	"context"
	"fmt"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/order"
)

// maxPage is the most orders of one page.
const maxPage = 1000

// Get implements [order.Service].
func (s *Store) Get(ctx context.Context, id string) (order.Record, error) {
	rec, err := find(s.db.WithContext(ctx), id)
	return rec, database.Fault(err)
}

// Orders returns at most limit orders (1 to 1,000, else INVALID) whose ids come
// after the given one, by id; "" begins. A page shorter than limit is the last.
// Ids are hashes, so their order means nothing, but it stays: who walks through
// all pages sees every order once that was there when the walk began.
func (s *Store) Orders(ctx context.Context, after string, limit int) ([]order.Record, error) {
	if limit < 1 || limit > maxPage {
		return nil, fault.Errorf(fault.Business, fault.Invalid, "a page has 1 to %d orders", maxPage)
	}
	var rows []orderRow
	err := s.db.WithContext(ctx).Where("id > ?", after).Order("id").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, database.Fault(fmt.Errorf("read orders: %w", err))
	}
	records := make([]order.Record, 0, len(rows))
	for i := range rows {
		rec, err := rows[i].record()
		if err != nil {
			return nil, err
		}
		records = append(records, rec)
	}
	return records, nil
}

// History returns every change of an order's status, oldest first; none for an
// order that is PENDING, or that is not there.
func (s *Store) History(ctx context.Context, id string) ([]order.Change, error) {
	var rows []changeRow
	err := s.db.WithContext(ctx).Where("order_id = ?", id).Order("position").Find(&rows).Error
	if err != nil {
		return nil, database.Fault(fmt.Errorf("read order history: %w", err))
	}
	changes := make([]order.Change, 0, len(rows))
	for i := range rows {
		c, err := rows[i].change()
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	return changes, nil
}
