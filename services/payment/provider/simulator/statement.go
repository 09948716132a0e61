package simulator

import (
	"context"
	"slices"

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
	for some := range slices.Chunk(keys, 100) { // as many ranges as one index scan combines well
		either := s.db.WithContext(ctx)
		for _, k := range some {
			// All that begin with "x/" come before "x0": no character lies between the two.
			either = either.Or("key = ? OR key > ? AND key < ?", k, k+"/", k+"0")
		}
		found, err := lines(s.db.WithContext(ctx).Where(either))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
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
