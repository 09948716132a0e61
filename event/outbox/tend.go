package outbox

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/saga/barrier/txn"
)

// A poll deletes at most pruneBatches times pruneSize rows: many short transactions
// instead of a long one, and an end even after an outage.
const pruneSize, pruneBatches = 500, 20

// prune deletes rows that were published long ago. It needs no index: the oldest rows
// have the lowest ids.
func (r *Relay) prune(ctx context.Context) error {
	for range pruneBatches {
		var deleted int64
		err := txn.Retry(ctx, r.db, func(db *gorm.DB) error {
			res := db.Exec(`DELETE FROM outbox WHERE published_at < ? AND id IN
				(SELECT id FROM outbox WHERE published_at IS NOT NULL ORDER BY id LIMIT ?)`, txn.Now().Add(-r.o.Retain), pruneSize)
			deleted = res.RowsAffected
			return res.Error
		})
		if err != nil {
			return fmt.Errorf("delete old rows of the outbox: %w", err)
		}
		if deleted < pruneSize {
			return nil
		}
	}
	return nil
}

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
