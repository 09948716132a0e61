package shoptest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/services/notification"
	notificationstore "github.com/amends/amends/services/notification/store"
	"github.com/amends/amends/services/query"
	querystore "github.com/amends/amends/services/query/store"
	"github.com/amends/amends/services/query/store/generations"
	"github.com/amends/amends/worker/registry"
)

// Followers are the read model and the notification service of a shop. They hear its facts
// when [Followers.Hear] is called.
type Followers struct {
	Mails *notificationstore.Store

	copies        *querystore.Store
	query, notify *gorm.DB
	told          []*told.Reader
}

// Follow gives the shop followers on databases where dsn says, which have heard nothing yet.
// Customers have to be told of everything.
func (s *Shop) Follow(t *testing.T, dsn func(testing.TB) string) *Followers {
	t.Helper()
	f := &Followers{}
	open := func(name string, schema database.Schema) *gorm.DB {
		db := dbtest.Open(t, dsn(t), database.Options{})
		schema = append(database.Schema{database.Set(waiting.Name, waiting.Migrations)}, schema...)
		require.NoError(t, schema.Migrate(t.Context(), db))
		s.books[name] = db
		return db
	}
	f.query, f.notify = open("query", querystore.Schema), open("notification", notificationstore.Schema)
	f.copies, f.Mails = querystore.New(f.query), notificationstore.New(f.notify)
	g := generations.New(f.query)
	first, err := g.Begin(t.Context())
	require.NoError(t, err)
	require.NoError(t, g.Switch(t.Context(), first))
	require.NoError(t, s.Damage(t.Context(), "notification", "UPDATE deliveries_since SET at = '2026-01-01'"))

	var stores []*registry.Stores
	for _, row := range registry.All {
		if db := s.books[row.Name]; db != nil {
			stores = append(stores, &registry.Stores{Row: row, Own: db})
			if row.Name != "query" && row.Name != "notification" {
				f.told = append(f.told, told.New(db))
			}
		}
	}
	s.Pass = registry.Questions(stores).Ask
	return f
}

// Hear lets the followers hear all that the shop has told since the last call.
func (f *Followers) Hear(t *testing.T) {
	t.Helper()
	var changes []query.Change
	var notices []notification.Notice
	for _, reader := range f.told {
		for _, e := range reader.Events(t) {
			c, err := reactions.Query(e)
			require.NoError(t, err)
			changes = append(changes, c)
			if told, err := reactions.Notify(e); err == nil && told.Notice != nil { // it does not follow the others
				notices = append(notices, *told.Notice)
			}
		}
	}
	require.NoError(t, database.InTx(t.Context(), f.query, func(tx *gorm.DB) error { return f.copies.Apply(tx, changes) }))
	f.Want(t, notices...)
}

// Want has customers told.
func (f *Followers) Want(t *testing.T, notices ...notification.Notice) {
	t.Helper()
	for some := range slices.Chunk(notices, 500) {
		require.NoError(t, database.InTx(t.Context(), f.notify, func(tx *gorm.DB) error { return f.Mails.Want(tx, some) }))
	}
}
