package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/services/query/store/watch"
)

// marks are those of a database; see [watch.Source].
type marks struct{ db *gorm.DB }

// Changes implements [watch.Source].
func (m marks) Changes(ctx context.Context) (change int64, err error) {
	err = m.db.WithContext(ctx).Raw(`SELECT coalesce(sum(p.events), 0) + 1000000007 * max(g.generation)
		FROM generations AS g LEFT JOIN progress AS p ON p.generation = g.generation WHERE g.state = 'current'`).Scan(&change).Error
	if err != nil {
		return 0, fmt.Errorf("look for changes: %w", err)
	}
	return change, nil
}

// Marks implements [watch.Source].
func (m marks) Marks(ctx context.Context, ids []string) (map[string]watch.Mark, error) {
	var found []struct {
		ID string
		watch.Mark
	}
	err := m.db.WithContext(ctx).Raw(`SELECT o.id, o.generation, o.version, coalesce((SELECT max(t.number) FROM timeline AS t
		WHERE t.generation = o.generation AND t.order_id = o.id), 0) AS entries
		FROM generations AS g JOIN orders AS o ON o.generation = g.generation WHERE g.state = 'current' AND o.id IN ?`, ids).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("look at orders: %w", err)
	}
	all := make(map[string]watch.Mark, len(found))
	for _, f := range found {
		all[f.ID] = f.Mark
	}
	return all, nil
}
