package outbox

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// measure reports the rows that are not published. The index of the pending rows has
// those that wait, and dead ones are few.
func (r *Relay) measure(ctx context.Context) error {
	var waiting, dead int64
	db := r.db.WithContext(ctx).Table("outbox")
	if err := db.Session(&gorm.Session{}).Where(pending).Count(&waiting).Error; err != nil {
		return fmt.Errorf("count the outbox: %w", err)
	}
	if err := db.Session(&gorm.Session{}).Where("dead_at IS NOT NULL").Count(&dead).Error; err != nil {
		return fmt.Errorf("count the outbox: %w", err)
	}
	var oldest []row
	if err := db.Session(&gorm.Session{}).Select("at").Where(pending).Order("id").Limit(1).Find(&oldest).Error; err != nil {
		return fmt.Errorf("read the outbox: %w", err)
	}
	age := time.Duration(0)
	if len(oldest) == 1 {
		age = max(0, time.Since(oldest[0].At))
	}
	r.o.Observer.Waiting(waiting, age, dead)
	return nil
}
