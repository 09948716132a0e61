// Package store keeps the read model. It is written by [Store.Apply] alone: by a
// projection of the facts as they come, and by the loader of a generation.
package store

import (
	"context"
	"embed"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store/search"
	"github.com/amends/amends/services/query/store/watch"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is that of the read model's database.
var Schema = database.Schema{database.Migrations(files), database.Set(search.Name, search.Migrations)}

// Store implements [query.Service] on a database of its own. It is safe for concurrent
// use. The one that applies facts wakes those who wait at the same Store at once; others
// look twice a second.
type Store struct {
	db    *gorm.DB
	watch *watch.Watch
}

var _ query.Service = (*Store)(nil)

// New returns a store on db, which must be migrated to [Schema].
func New(db *gorm.DB) *Store {
	return &Store{db: db, watch: watch.New(marks{db})}
}

// head is the generation that answers, and how old its answers are.
type head struct {
	Generation int64
	AsOf       *time.Time // nil: not known yet
	Behind     int64
}

// asOf returns the time of the head's answers, the zero time if it is not known.
func (h head) asOf() time.Time {
	if h.AsOf == nil {
		return time.Time{}
	}
	return h.AsOf.UTC()
}

// head returns the generation that answers. It fails with UNAVAILABLE before the first
// one is loaded. A call that reads in several statements reads one generation, which stays
// complete after a switch.
func (s *Store) head(ctx context.Context) (head, error) {
	var found []head
	err := s.db.WithContext(ctx).Raw(`SELECT g.generation, s.as_of, s.behind FROM generations AS g, standing AS s WHERE g.state = 'current'`).Scan(&found).Error
	switch {
	case err != nil:
		return head{}, database.Fault(fmt.Errorf("find the generation: %w", err))
	case len(found) == 0:
		return head{}, fault.Errorf(fault.Transient, fault.Unavailable, "the read model has not been filled yet")
	}
	return found[0], nil
}

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.Business, fault.Invalid, format, args...)
}

func notFound() error {
	return fault.Errorf(fault.Business, fault.NotFound, "the read model has no such order")
}
