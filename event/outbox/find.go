package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Told is an event in an outbox. It waits until one of Published and Refused is set.
type Told struct {
	ID   string          `json:"id"`
	Type string          `json:"type"`
	Key  string          `json:"key"`
	At   time.Time       `json:"at"`
	Data json.RawMessage `json:"data"`
	// Published is when the broker stored it, at Position.
	Published *time.Time `json:"published_at,omitempty"`
	Position  int64      `json:"position,omitempty"`
	// Refused is when the broker refused it for good, for Reason.
	Refused *time.Time `json:"refused_at,omitempty"`
	Reason  string     `json:"reason,omitempty"`
}

// Find returns the event of an id, and false if the outbox does not have it, or not any
// more. It reads the whole table, which no relay ever needs to search by that id.
func Find(ctx context.Context, db *gorm.DB, id string) (t Told, ok bool, err error) {
	var rows []struct {
		Row    row `gorm:"embedded"`
		DeadAt *time.Time
		Error  string
	}
	if err := db.WithContext(ctx).Table("outbox").Where("event_id = ?", id).Limit(1).Find(&rows).Error; err != nil {
		return t, false, fmt.Errorf("find event %s in the outbox: %w", id, err)
	}
	if len(rows) == 0 {
		return t, false, nil
	}
	r := rows[0]
	t = Told{
		ID: r.Row.EventID, Type: r.Row.Type, Key: r.Row.Key, At: r.Row.At, Data: json.RawMessage(r.Row.Data),
		Published: r.Row.Published, Refused: r.DeadAt, Reason: r.Error,
	}
	if r.Row.Seq != nil {
		t.Position = *r.Row.Seq
	}
	return t, true, nil
}
