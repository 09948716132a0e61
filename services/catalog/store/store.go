// Package store keeps the catalog service's rows: products, categories and quotes. A
// quote is the outcome of its step in the barrier's table.
package store

import (
	"embed"

	"gorm.io/gorm"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/services/catalog"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is that of the catalog service's database.
var Schema = database.Schema{barrier.Migrations, database.Migrations(files), database.Set(outbox.Name, outbox.Migrations)}

// Store implements [catalog.Service] on a database of its own.
type Store struct{ db *gorm.DB }

var _ catalog.Service = (*Store)(nil)

// New returns a store on db, which must be migrated to [Schema].
func New(db *gorm.DB) *Store { return &Store{db: db} }
