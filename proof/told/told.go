// Package told reads the events that a service has told from its outbox, for tests of
// the services' stores.
package told

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox/outboxtest"
)

// Reader returns the events of an outbox that it has not returned before.
type Reader struct{ outboxtest.Reader }

// New returns a reader of db's outbox from its beginning.
func New(db *gorm.DB) *Reader { return &Reader{*outboxtest.New(db)} }

// Events returns the events in the order in which the relay publishes them. It requires
// that a listener can decode each.
func (r *Reader) Events(t *testing.T) []event.Event {
	t.Helper()
	events, err := r.Next(t.Context())
	require.NoError(t, err)
	return events
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
	events := New(db).Events(t)
	require.NotEmpty(t, events)
	for _, e := range events {
		all, err := json.Marshal(e)
		require.NoError(t, err)
		for _, text := range texts {
			require.NotContains(t, string(all), text, "%s of %s", e.Type, e.Key)
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
