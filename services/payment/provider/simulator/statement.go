package simulator

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/payment/provider"
)

var _ provider.Statement = (*Simulator)(nil)

// Lines implements [provider.Statement].
func (s *Simulator) Lines(ctx context.Context, after, to string, limit int) ([]provider.Effect, error) {
	q := s.db.WithContext(ctx).Where("key > ?", after)
	if to != "" {
		q = q.Where("key <= ?", to)
	}
	return lines(q.Limit(limit))
}

// LinesOf implements [provider.Statement].
func (s *Simulator) LinesOf(ctx context.Context, keys []string) ([]provider.Effect, error) {
	var all []provider.Effect
	for some := range slices.Chunk(keys, 100) {
		found, err := lines(s.db.WithContext(ctx).Table("(?) AS effects", s.below(ctx, some)))
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
		SELECT line.* FROM asked CROSS JOIN effects AS line
		WHERE line.key >= asked.k AND line.key < asked.k || '0' AND (line.key = asked.k OR line.key > asked.k || '/')`, values...)
}

// lines runs q and leaves out keys that have no effect.
func lines(q *gorm.DB) ([]provider.Effect, error) {
	var rows []effect
	if err := q.Where("kind <> ?", none).Order("key").Find(&rows).Error; err != nil {
		return nil, database.Fault(err)
	}
	effects := make([]provider.Effect, len(rows))
	for i, r := range rows {
		effects[i] = r.provider()
	}
	return effects, nil
}
