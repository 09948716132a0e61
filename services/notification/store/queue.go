package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/send"
)

var _ send.Queue = (*Store)(nil)

// Take implements [send.Queue].
func (s *Store) Take(ctx context.Context, n int, claim time.Duration) ([]notification.Delivery, error) {
	var taken []row
	now := s.now()
	err := database.Retry(ctx, s.db, func(db *gorm.DB) error {
		// Of two processes the second waits for the row, and finds that it is not due.
		return db.Raw(`UPDATE deliveries SET attempts = attempts + 1, next_at = ?
			WHERE id IN (SELECT id FROM deliveries WHERE state = 'WANTED' AND next_at <= ? ORDER BY next_at LIMIT ?)
			AND state = 'WANTED' AND next_at <= ? RETURNING *`, now.Add(claim), now, n, now).Scan(&taken).Error
	})
	if err != nil {
		return nil, err
	}
	return public(taken)
}

// claimed selects the row of an attempt that has not lost its claim.
func claimed(db *gorm.DB, d notification.Delivery) *gorm.DB {
	return db.Model(&row{}).Where("id = ? AND attempts = ? AND state = ?", d.ID, d.Attempts, notification.Wanted)
}

// Begin implements [send.Queue].
func (s *Store) Begin(ctx context.Context, d notification.Delivery) (ok bool, err error) {
	err = database.Retry(ctx, s.db, func(db *gorm.DB) error {
		r := claimed(db, d).Where("next_at > ?", s.now()).Updates(map[string]any{"address": d.Address, "locale": d.Locale, "provider": d.Provider})
		ok = r.RowsAffected == 1
		return r.Error
	})
	return ok, err
}

// Conclude implements [send.Queue].
func (s *Store) Conclude(ctx context.Context, d notification.Delivery, o send.Outcome) error {
	return database.InTx(ctx, s.db, func(tx *gorm.DB) error {
		change := map[string]any{"reason": o.Reason, "provider": o.Provider}
		if o.State == notification.Wanted {
			change["next_at"] = s.now().Add(o.After)
			return claimed(tx, d).Updates(change).Error
		}
		change["state"], change["ended_at"] = o.State, s.now()
		r := claimed(tx, d).Updates(change)
		if r.Error != nil || r.RowsAffected == 0 {
			return r.Error
		}
		if o.Suppress != "" {
			if err := s.suppress(tx, d.Channel, o.Suppress); err != nil {
				return err
			}
		}
		return tell(tx, row{ID: d.ID, Kind: d.Kind, Subject: d.Subject, Channel: d.Channel, Recipient: d.Recipient, State: o.State, Reason: o.Reason})
	})
}

func (s *Store) suppress(tx *gorm.DB, c notification.Channel, address string) error {
	again := clause.OnConflict{Columns: []clause.Column{{Name: "channel"}, {Name: "address"}}, DoUpdates: clause.AssignmentColumns([]string{"until"})}
	return tx.Clauses(again).Create(&suppression{string(c), hash(address), s.now().Add(notification.SuppressFor)}).Error
}

// Also implements [send.Queue].
func (s *Store) Also(ctx context.Context, d notification.Delivery, channels []notification.Channel) error {
	n := notification.Notice{Kind: d.Kind, Subject: d.Subject, Occurrence: d.Occurrence, Recipient: d.Recipient, Facts: d.Facts}
	return database.Retry(ctx, s.db, func(db *gorm.DB) error {
		for _, c := range channels {
			r, err := rowOf(n, c, s.now())
			if err != nil {
				return err
			}
			r.ExpiresAt = d.ExpiresAt
			if err := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&r).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// Suppressed implements [send.Queue].
func (s *Store) Suppressed(ctx context.Context, c notification.Channel, address string) (bool, error) {
	var n int64
	err := s.db.WithContext(ctx).Model(&suppression{}).Where("channel = ? AND address = ? AND until > ?", c, hash(address), s.now()).Count(&n).Error
	return n > 0, database.Fault(err)
}

// Overdue implements [send.Queue].
func (s *Store) Overdue(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.db.WithContext(ctx).Model(&row{}).Where("state = 'WANTED' AND created_at < ?", before).Count(&n).Error
	return n, database.Fault(err)
}

// Forget implements [send.Queue].
func (s *Store) Forget(ctx context.Context) error {
	return database.Retry(ctx, s.db, func(db *gorm.DB) error {
		if err := db.Where("until <= ?", s.now()).Delete(&suppression{}).Error; err != nil {
			return err
		}
		return db.Exec("UPDATE deliveries SET address = '' WHERE address <> '' AND ended_at < ?", s.now().Add(-keepAddress)).Error
	})
}
