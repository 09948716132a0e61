// Package outboxtest reads the events of an outbox, for tests of services without a relay.
package outboxtest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
)

// Reader returns the events of an outbox that it has not returned before. A copy goes on by
// itself.
type Reader struct {
	db   *gorm.DB
	last int64
}

// New returns a reader of db's outbox from its beginning.
func New(db *gorm.DB) *Reader { return &Reader{db: db} }

// row is a row of the outbox.
type row struct {
	ID                       int64
	EventID, Type, Key, Data string
	Meta                     string
	At                       time.Time
}

// Next returns the events in the order in which a relay publishes them. It fails if a
// listener could not decode one.
func (r *Reader) Next(ctx context.Context) ([]event.Event, error) {
	var rows []row
	err := r.db.WithContext(ctx).
		Raw("SELECT id, event_id, type, key, data, meta, at FROM outbox WHERE id > ? ORDER BY id", r.last).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	events := []event.Event{}
	for _, row := range rows {
		e := event.Event{ID: row.EventID, Type: row.Type, Key: row.Key, Time: row.At, Data: json.RawMessage(row.Data)}
		if err := json.Unmarshal([]byte(row.Meta), &e); err != nil { // its names differ from the fields in case only
			return nil, fmt.Errorf("event %s: %w", e.ID, err)
		}
		if _, err := event.Decode(event.Encode(e)); err != nil {
			return nil, err //nolint:wrapcheck // a fault that names the event
		}
		r.last = row.ID
		events = append(events, e)
	}
	return events, nil
}
