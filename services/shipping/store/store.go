// Package store keeps the shipping service's rows: one shipment per parcel,
// changed in the transaction that changes the step's barrier row.
package store

import (
	"embed"

	"gorm.io/gorm"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/services/shipping"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is that of the shipping service's database.
var Schema = database.Schema{barrier.Migrations, database.Migrations(files), database.Set(outbox.Name, outbox.Migrations)}

// Store implements [shipping.Store] on a database of its own.
type Store struct{ db *gorm.DB }

var _ shipping.Store = (*Store)(nil)

// New returns a store on db, which must be migrated to [Schema].
func New(db *gorm.DB) *Store { return &Store{db: db} }
