// Package retention deletes old rows of an outbox, and records since when it is complete.
package retention

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/saga/barrier/txn"
)

// Deletion deletes old rows, again and again. The zero value is ready.
type Deletion struct {
	since time.Time // from which the outbox is complete, as it has recorded
}

// A poll deletes at most pruneBatches times pruneSize rows: many short transactions
// instead of a long one, and an end even after an outage.
const pruneSize, pruneBatches = 500, 20

// sinceStep is how far ahead of the deletions the time moves from which the outbox is
// complete. So it moves rarely, and is right although clocks differ.
const sinceStep = time.Hour

// moveSince records, before rows are deleted that were published before the given time,
// that the outbox is no longer complete before it.
func (d *Deletion) moveSince(ctx context.Context, db *gorm.DB, before time.Time) error {
	if !d.since.Before(before.Add(sinceStep)) {
		return nil
	}
	since := before.Add(2 * sinceStep)
	err := txn.Retry(ctx, db, func(db *gorm.DB) error {
		return db.Exec("UPDATE outbox_since SET at = ? WHERE at < ?", since, since).Error
	})
	if err != nil {
		return fmt.Errorf("record that old rows of the outbox go: %w", err)
	}
	d.since = since
	return nil
}

// Run deletes rows that were published before the given time, at most a part of them at
// once. It needs no index: the oldest rows have the lowest ids.
func (d *Deletion) Run(ctx context.Context, db *gorm.DB, before time.Time) error {
	if err := d.moveSince(ctx, db, before); err != nil {
		return err
	}
	for range pruneBatches {
		var deleted int64
		err := txn.Retry(ctx, db, func(db *gorm.DB) error {
			res := db.Exec(`DELETE FROM outbox WHERE published_at < ? AND id IN
				(SELECT id FROM outbox WHERE published_at IS NOT NULL ORDER BY id LIMIT ?)`, before, pruneSize)
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
