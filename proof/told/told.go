// Package told reads the events that a service has told from its outbox, for tests of
// the services' stores.
package told

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
)

// Reader returns the events of an outbox that it has not returned before.
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

// Events returns the events in the order in which the relay publishes them. It requires
// that a listener can decode each.
func (r *Reader) Events(t *testing.T) []event.Event {
	t.Helper()
	events, err := r.Next(t.Context())
	require.NoError(t, err)
	return events
}

// Next is [Reader.Events] outside of a test's goroutine.
func (r *Reader) Next(ctx context.Context) ([]event.Event, error) {
	rows, err := r.rows(ctx)
	if err != nil {
		return nil, err
	}
	events := []event.Event{}
	for _, row := range rows {
		e := event.Event{ID: row.EventID, Type: row.Type, Key: row.Key, Time: row.At, Data: json.RawMessage(row.Data)}
		if err := json.Unmarshal([]byte(row.Meta), &e); err != nil { // its names differ from the fields in case only
			return nil, err
		}
		if _, err := event.Decode(event.Encode(e)); err != nil {
			return nil, err
		}
		r.last = row.ID
		events = append(events, e)
	}
	return events, nil
}

func (r *Reader) rows(ctx context.Context) (rows []row, err error) {
	err = r.db.WithContext(ctx).
		Raw("SELECT id, event_id, type, key, data, meta, at FROM outbox WHERE id > ? ORDER BY id", r.last).Scan(&rows).Error
	return rows, err
}

// Names returns the events as "service.fact key", which is how tests name them.
func (r *Reader) Names(t *testing.T) []string {
	t.Helper()
	names := []string{}
	for _, e := range r.Events(t) {
		parts := strings.Split(e.Type, ".")
		names = append(names, parts[1]+"."+parts[2]+" "+e.Key)
	}
	return names
}

// RequireAbsent requires that no row of the outbox has any of the texts.
func RequireAbsent(t *testing.T, db *gorm.DB, texts ...string) {
	t.Helper()
	rows, err := New(db).rows(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, rows)
	for _, row := range rows {
		all, err := json.Marshal(row)
		require.NoError(t, err)
		for _, text := range texts {
			require.NotContains(t, string(all), text, "%s of %s", row.Type, row.Key)
		}
	}
}

// Read returns the data of e, an event of the fact.
func Read[Data any](t *testing.T, fact event.Fact[Data], e event.Event) Data {
	t.Helper()
	data, err := fact.Read(e)
	require.NoError(t, err)
	return data
}
