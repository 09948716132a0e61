package simulator

import (
	"context"
	"slices"
	"strings"

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
	for some := range slices.Chunk(keys, 100) {
		found, err := lines(s.db.WithContext(ctx).Table("(?) AS bookings", s.below(ctx, some)))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// below selects the rows of keys, and of those below them. It looks for one key after the
// other in the index: with so many ranges in one condition SQLite reads every row.
func (s *Simulator) below(ctx context.Context, keys []string) *gorm.DB {
	values := make([]any, len(keys))
	for i, k := range keys {
		values[i] = k
	}
	// All that begin with "x/" come before "x0": no character lies between the two.
	return s.db.WithContext(ctx).Raw(`WITH asked(k) AS (VALUES (CAST(? AS text))`+strings.Repeat(", (CAST(? AS text))", len(keys)-1)+`)
		SELECT line.* FROM asked CROSS JOIN bookings AS line
		WHERE line.booking_key >= asked.k AND line.booking_key < asked.k || '0' AND (line.booking_key = asked.k OR line.booking_key > asked.k || '/')`, values...)
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
