package compare

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Undelivered describes the events in the outbox of db that the broker does not get:
// those that wait, if one of them was told before the given time, and the dead ones.
func Undelivered(ctx context.Context, db *gorm.DB, before time.Time) (all []string, err error) {
	for _, lot := range []struct{ where, format string }{
		{"published_at IS NULL AND dead_at IS NULL", "%d events wait for the broker, the oldest since %s%s"},
		{"dead_at IS NOT NULL", "%d events are dead, the oldest since %s: %s"},
	} {
		rows := db.WithContext(ctx).Table("outbox").Where(lot.where).Session(&gorm.Session{})
		var oldest []struct {
			At     time.Time
			DeadAt *time.Time
			Error  string
		}
		if err := rows.Select("at", "dead_at", "error").Order("id").Limit(1).Find(&oldest).Error; err != nil {
			return nil, fmt.Errorf("read the outbox: %w", err)
		}
		if len(oldest) == 0 || oldest[0].DeadAt == nil && !oldest[0].At.Before(before) {
			continue
		}
		var n int64
		if err := rows.Count(&n).Error; err != nil {
			return nil, fmt.Errorf("count the outbox: %w", err)
		}
		all = append(all, fmt.Sprintf(lot.format, n, oldest[0].At.UTC().Format(time.DateTime), oldest[0].Error))
	}
	return all, nil
}
