// Package ended keeps the list of sessions and API keys that ended before their time, which
// every gateway follows.
package ended

import (
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/identity/token"
)

// page is the most entries of one answer.
const page = 1000

// Add adds entries, the last statement of tx that other transactions may wait for, and
// returns the position of the first. Until is when the last token of each has expired.
func Add(tx *gorm.DB, until time.Time, ids ...string) (first int64, err error) {
	var last int64
	err = tx.Raw("UPDATE revocations_head SET position = position + ? WHERE one = 1 RETURNING position", len(ids)).Scan(&last).Error
	if err != nil {
		return 0, fmt.Errorf("lock the list of revocations: %w", err)
	}
	first = last - int64(len(ids)) + 1
	args := make([]any, 0, 3*len(ids))
	for i, id := range ids {
		args = append(args, first+int64(i), id, until)
	}
	values := strings.Repeat(", (?, ?, ?)", len(ids))[2:]
	if err := tx.Exec("INSERT INTO revocations (position, id, until) VALUES "+values, args...).Error; err != nil {
		return 0, fmt.Errorf("add to the list of revocations: %w", err)
	}
	return first, nil
}

// Read implements [token.Source].
func Read(db *gorm.DB, after int64, now time.Time) (r token.Revocations, err error) {
	var head int64
	if err := db.Raw("SELECT position FROM revocations_head").Scan(&head).Error; err != nil {
		return r, fmt.Errorf("read the list of revocations: %w", err)
	}
	if after > head || after < 0 {
		after = 0 // of another database, or of a copy that was restored
	}
	var rows []struct {
		Position int64
		ID       string
		Until    time.Time
	}
	err = db.Raw("SELECT position, id, until FROM revocations WHERE position > ? AND position <= ? AND until > ? ORDER BY position LIMIT ?",
		after, head, now.Add(-token.Leeway), page+1).Scan(&rows).Error
	if err != nil {
		return r, fmt.Errorf("read the list of revocations: %w", err)
	}
	r.Position = head
	if len(rows) > page {
		rows, r.More = rows[:page], true
		r.Position = rows[page-1].Position
	}
	for _, row := range rows {
		r.Ended = append(r.Ended, token.Ended{ID: row.ID, Until: row.Until.UTC()})
	}
	return r, nil
}

// Sweep deletes entries whose tokens have all expired.
func Sweep(db *gorm.DB, now time.Time) error {
	if err := db.Exec("DELETE FROM revocations WHERE until < ?", now.Add(-2*token.Leeway)).Error; err != nil {
		return fmt.Errorf("sweep the list of revocations: %w", err)
	}
	return nil
}
