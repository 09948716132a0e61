package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/store/rows"
)

// maxPage bounds the orders of one page.
const maxPage = 1000

// Get implements [order.Service].
func (s *Store) Get(ctx context.Context, id string) (order.Record, error) {
	return redacted(find(s.db.WithContext(ctx), id))
}

// redacted returns a record without the address.
func redacted(rec order.Record, err error) (order.Record, error) {
	rec.Placement.ShipTo = order.Address{}
	return rec, database.Fault(err)
}

// Address implements [order.Service].
func (s *Store) Address(ctx context.Context, id string) (order.Address, error) {
	rec, err := find(s.db.WithContext(ctx), id)
	return rec.Placement.ShipTo, database.Fault(err)
}

// Undecided implements [order.Service].
func (s *Store) Undecided(ctx context.Context, customer string) (bool, error) {
	var n int64
	err := s.db.WithContext(ctx).Model(&rows.Order{}).Where("customer_id = ? AND status = ? AND "+rows.OfAccount, customer, string(order.Pending)).Limit(1).Count(&n).Error
	if err != nil {
		return false, database.Fault(fmt.Errorf("look for undecided orders: %w", err))
	}
	return n > 0, nil
}

// List returns the orders that the filter selects, by id, up to its limit (1 to 1,000,
// else INVALID). A shorter page is the last. Ids are hashes, so their order has no
// meaning, but it is stable: all pages together contain every order once that the
// filter selected throughout.
func (s *Store) List(ctx context.Context, f order.Filter) ([]order.Record, error) {
	if f.Limit < 1 || f.Limit > maxPage {
		return nil, fault.Errorf(fault.Business, fault.Invalid, "a page has 1 to %d orders", maxPage)
	}
	var found []rows.Order
	err := s.selected(ctx, f).Order("id").Limit(f.Limit).Find(&found).Error
	if err != nil {
		return nil, database.Fault(fmt.Errorf("read orders: %w", err))
	}
	records := make([]order.Record, 0, len(found))
	for i := range found {
		rec, err := found[i].Record()
		if err != nil {
			return nil, err
		}
		records = append(records, rec)
	}
	all := make([]*order.Record, len(records))
	for i := range records {
		all[i] = &records[i]
	}
	if err := rows.LoadCourses(s.db.WithContext(ctx), all...); err != nil {
		return nil, database.Fault(err)
	}
	return records, nil
}

// Missing returns those of the ids (at most 1,000, else INVALID) that no order has, in
// their order.
func (s *Store) Missing(ctx context.Context, ids []string) ([]string, error) {
	if len(ids) > maxPage {
		return nil, fault.Errorf(fault.Business, fault.Invalid, "at most %d orders are looked up at once", maxPage)
	}
	var known []string
	if err := s.db.WithContext(ctx).Model(&rows.Order{}).Where("id IN ?", ids).Pluck("id", &known).Error; err != nil {
		return nil, database.Fault(fmt.Errorf("look orders up: %w", err))
	}
	have := map[string]bool{}
	for _, id := range known {
		have[id] = true
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return have[id] }), nil
}

// Count returns the number of orders that the filter selects, ignoring its limit,
// without reading them.
func (s *Store) Count(ctx context.Context, f order.Filter) (n int64, err error) {
	if err := s.selected(ctx, f).Model(&rows.Order{}).Count(&n).Error; err != nil {
		return 0, database.Fault(fmt.Errorf("count orders: %w", err))
	}
	return n, nil
}

// selected is the query of the filter without its limit.
func (s *Store) selected(ctx context.Context, f order.Filter) *gorm.DB {
	q := s.db.WithContext(ctx).Where("id > ?", f.After)
	if f.NeedsAttention {
		q = q.Where("needs_attention") // no parameter: the partial index is for this condition
	}
	if f.Acknowledged {
		q = q.Where("acknowledgements <> '[]'") // likewise
	}
	switch f.Status {
	case "":
	case order.Pending:
		q = q.Where("status = 'PENDING'") // likewise
	default:
		q = q.Where("status = ?", f.Status)
	}
	if !f.DueBefore.IsZero() {
		q = q.Where("decide_by < ?", f.DueBefore.UTC().Truncate(time.Microsecond)) // as it is stored
	}
	return q
}

// History returns every change of an order's status, oldest first; none for an order
// that is PENDING or does not exist.
func (s *Store) History(ctx context.Context, id string) ([]order.Change, error) {
	var found []rows.Change
	err := s.db.WithContext(ctx).Where("order_id = ?", id).Order("position").Find(&found).Error
	if err != nil {
		return nil, database.Fault(fmt.Errorf("read order history: %w", err))
	}
	changes := make([]order.Change, 0, len(found))
	for i := range found {
		c, err := found[i].Value()
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	return changes, nil
}
