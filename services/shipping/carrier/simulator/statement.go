package simulator

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/shipping/carrier"
)

var _ carrier.Statement = (*Simulator)(nil)

// Lines implements [carrier.Statement].
func (s *Simulator) Lines(ctx context.Context, after, to string, limit int) ([]carrier.StatementLine, error) {
	q := s.db.WithContext(ctx).Where("booking_key > ?", after)
	if to != "" {
		q = q.Where("booking_key <= ?", to)
	}
	return lines(q.Limit(limit))
}

// LinesOf implements [carrier.Statement].
func (s *Simulator) LinesOf(ctx context.Context, keys []string) ([]carrier.StatementLine, error) {
	var all []carrier.StatementLine
	for some := range slices.Chunk(keys, 100) { // as many ranges as one index scan combines well
		either := s.db.WithContext(ctx)
		for _, k := range some {
			// All that begin with "x/" come before "x0": no character lies between the two.
			either = either.Or("booking_key = ? OR booking_key > ? AND booking_key < ?", k, k+"/", k+"0")
		}
		found, err := lines(s.db.WithContext(ctx).Where(either))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// lines runs q and leaves out forbidden keys, which have no booking.
func lines(q *gorm.DB) ([]carrier.StatementLine, error) {
	var rows []row
	if err := q.Where("state <> ?", forbidden).Order("booking_key").Find(&rows).Error; err != nil {
		return nil, answer(database.Fault(err))
	}
	all := make([]carrier.StatementLine, len(rows))
	for i, r := range rows {
		all[i] = carrier.StatementLine{Key: r.BookingKey, Warehouse: r.Warehouse, Booking: r.booking()}
	}
	return all, nil
}
