package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store/rows"
)

// Projections implements [query.Service].
func (s *Store) Projections(ctx context.Context) ([]query.Projection, error) {
	h, err := s.head(ctx)
	if err != nil {
		return nil, err
	}
	var found []rows.Progress
	if err := s.db.WithContext(ctx).Where("generation = ?", h.Generation).Find(&found).Error; err != nil {
		return nil, database.Fault(fmt.Errorf("read the progress: %w", err))
	}
	all := make([]query.Projection, len(rows.Projections))
	for i, name := range rows.Projections {
		all[i] = query.Projection{Name: name, Generation: h.Generation, Behind: h.Behind, AsOf: h.AsOf()}
		if h.Behind != 0 && !h.AsOf().IsZero() {
			all[i].Lag = max(0, database.Now().Sub(h.AsOf()))
		}
		for _, r := range found {
			if r.Name == name {
				all[i].Events, all[i].Newest = r.Events, r.Newest.UTC()
			}
		}
	}
	return all, nil
}

// Stand records how far the read model is behind the broker: events is -1 if it does not
// tell, and asOf the time up to which all events are applied, which never goes back; the
// zero time: it is not known.
func (s *Store) Stand(ctx context.Context, events int64, asOf time.Time) error {
	return database.Retry(ctx, s.db, func(db *gorm.DB) error {
		err := db.Exec("UPDATE standing SET behind = ?, as_of = CASE WHEN as_of > ? THEN as_of ELSE ? END", events, asOf.UTC(), asOf.UTC()).Error
		if err != nil {
			return fmt.Errorf("write the standing: %w", err)
		}
		return nil
	})
}
