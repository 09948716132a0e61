// Package failed counts failed log-ins, also for addresses without an account: an attempt
// that must wait tells nothing about the address.
package failed

import (
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/services/user"
)

// keep is how long failures in a row are remembered.
const keep = 24 * time.Hour

type row struct {
	Subject  string `gorm:"primaryKey"`
	Failures int64
	FailedAt time.Time
}

func (row) TableName() string { return "login_failures" }

// Check refuses with TRY_LATER while the subject must wait.
func Check(db *gorm.DB, subject string, now time.Time) error {
	var rows []row
	if err := db.Where("subject = ?", subject).Find(&rows).Error; err != nil {
		return fmt.Errorf("read failed attempts: %w", err)
	}
	if len(rows) == 0 {
		return nil
	}
	return rows[0].check(now)
}

// Lock is [Check] for a transaction that decides about an attempt, which must call [Add] or
// [Clear] next. Of attempts at the same time those behind too many failures are refused,
// and as many for an address without an account, so the count is locked even if there is
// none.
func Lock(tx *gorm.DB, subject string, now time.Time) error {
	r, err := hold(tx, subject, now)
	if err != nil {
		return err
	}
	return r.check(now)
}

// Hold locks the count of a subject as [Lock] does, and refuses nothing: of transactions
// about one address, with an account or without, one runs at a time.
func Hold(tx *gorm.DB, subject string, now time.Time) error {
	_, err := hold(tx, subject, now)
	return err
}

func hold(tx *gorm.DB, subject string, now time.Time) (r row, err error) {
	err = tx.Raw(`INSERT INTO login_failures (subject, failures, failed_at) VALUES (?, 0, ?)
		ON CONFLICT (subject) DO UPDATE SET failures = login_failures.failures RETURNING *`, subject, now).Scan(&r).Error
	if err != nil {
		return r, fmt.Errorf("lock failed attempts: %w", err)
	}
	return r, nil
}

func (r row) check(now time.Time) error {
	wait := r.FailedAt.Add(user.Wait(r.Failures)).Sub(now)
	if wait <= 0 || now.Sub(r.FailedAt) >= keep {
		return nil
	}
	return user.Later(wait)
}

// Add counts a failure of a subject that tx has locked.
func Add(tx *gorm.DB, subject string, now time.Time) error {
	err := tx.Exec(`UPDATE login_failures SET failed_at = ?, failures = CASE WHEN failed_at <= ? THEN 1 ELSE failures + 1 END
		WHERE subject = ?`, now, now.Add(-keep), subject).Error
	if err != nil {
		return fmt.Errorf("count a failed attempt: %w", err)
	}
	return nil
}

// Clear forgets the failures of a subject.
func Clear(tx *gorm.DB, subject string) error {
	if err := tx.Where("subject = ?", subject).Delete(&row{}).Error; err != nil {
		return fmt.Errorf("forget failed attempts: %w", err)
	}
	return nil
}

// Sweep deletes old counts.
func Sweep(db *gorm.DB, now time.Time) error {
	if err := db.Where("failed_at < ?", now.Add(-keep)).Delete(&row{}).Error; err != nil {
		return fmt.Errorf("sweep failed attempts: %w", err)
	}
	return nil
}
