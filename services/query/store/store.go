// Package store keeps the read model. It is written by [Store.Apply] alone: by a
// projection of the facts as they come, and by the loader of a generation.
package store

import (
	"context"
	"embed"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store/products"
	"github.com/amends/amends/services/query/store/rows"
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
	*products.Store

	db    *gorm.DB
	watch *watch.Watch
}

var _ query.Service = (*Store)(nil)

// New returns a store on db, which must be migrated to [Schema].
func New(db *gorm.DB) *Store {
	return &Store{products.New(db), db, watch.New(marks{db})}
}

// head returns the generation that answers, see [rows.FindHead].
func (s *Store) head(ctx context.Context) (rows.Head, error) {
	return rows.FindHead(ctx, s.db) //nolint:wrapcheck // a fault
}

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.Business, fault.Invalid, format, args...)
}

func notFound() error {
	return fault.Errorf(fault.Business, fault.NotFound, "the read model has no such order")
}
