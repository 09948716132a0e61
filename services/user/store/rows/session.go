package rows

import (
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/store/ended"
)

// Session is a family of refresh tokens.
type Session struct {
	ID          string `gorm:"primaryKey"`
	Account     string
	Device      string
	Generation  int64
	Token       string
	Predecessor string
	RefreshedAt time.Time
	Failures    int64
	CreatedAt   time.Time
	ExpiresAt   time.Time
	EndedAt     *time.Time
}

// TableName implements gorm's Tabler.
func (Session) TableName() string { return "sessions" }

// Open reports whether the session has neither ended nor expired.
func (r Session) Open(now time.Time) bool {
	return r.ID != "" && r.EndedAt == nil && r.ExpiresAt.After(now)
}

// OpenSessions returns the open sessions of an account, the newest first.
func OpenSessions(db *gorm.DB, account string, now time.Time) (rows []Session, err error) {
	err = db.Where("account = ? AND ended_at IS NULL AND expires_at > ?", account, now).Order("id DESC").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return rows, nil
}

// SessionBy returns a session by its id, or the zero row.
func SessionBy(db *gorm.DB, id string) (Session, error) {
	var rows []Session
	if err := db.Where("id = ?", id).Find(&rows).Error; err != nil {
		return Session{}, fmt.Errorf("find the session: %w", err)
	}
	if len(rows) == 0 {
		return Session{}, nil
	}
	return rows[0], nil
}

// EndAll ends the open sessions of an account, which tx has locked, but for one.
func (s *Base) EndAll(tx *gorm.DB, account, except string, cause user.Event) error {
	rows, err := OpenSessions(Locking(tx), account, s.Now())
	if err != nil {
		return err
	}
	var others []Session
	for _, r := range rows {
		if r.ID != except {
			others = append(others, r)
		}
	}
	return s.End(tx, account, cause, others...)
}

// End ends sessions of an account, which tx has locked: their tokens are on the list of
// revocations, and each is told and recorded.
func (s *Base) End(tx *gorm.DB, account string, cause user.Event, rows ...Session) error {
	if len(rows) == 0 {
		return nil
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	now := s.Now()
	if err := tx.Exec("UPDATE sessions SET ended_at = ? WHERE id IN ?", now, ids).Error; err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	for _, id := range ids {
		if err := s.Record(tx, account, cause, "", id, ""); err != nil {
			return err
		}
	}
	return Revoke(tx, user.SessionRevokedFact, account, cause, now, ids...)
}

// Revoke adds to the list of revocations, and tells that.
func Revoke(tx *gorm.DB, fact event.Fact[user.RevokedData], account string, cause user.Event, now time.Time, ids ...string) error {
	first, err := ended.Add(tx, now.Add(token.Lifetime), ids...)
	if err != nil {
		return err //nolint:wrapcheck // it names the operation
	}
	events := make([]event.Event, len(ids))
	for i, id := range ids {
		events[i] = fact.New(account, "", user.RevokedData{Account: account, ID: id, Position: first + int64(i), Cause: cause})
	}
	return outbox.Tell(tx, events...) //nolint:wrapcheck // a fault, or the database's error
}
