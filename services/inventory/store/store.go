// Package store keeps the inventory service's rows: warehouses, stock and
// reservations. Every method writes in one transaction; a refusal is one statement.
//
// Locks are taken in one order, so that no two transactions wait for each other:
// the barrier's row, the reservation, then the stock rows by SKU and warehouse.
package store

import (
	"context"
	"embed"

	"gorm.io/gorm"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/inventory/store/patience"
	"github.com/amends/amends/services/inventory/store/reservations"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is that of the inventory service's database.
var Schema = database.Schema{barrier.Migrations, database.Migrations(files), database.Set(outbox.Name, outbox.Migrations)}

// Store implements [inventory.Service] on a database of its own.
type Store struct {
	db       *gorm.DB
	patience *patience.Patience
}

var _ inventory.Service = (*Store)(nil)

// New returns a store on db, which must be migrated to [Schema].
func New(db *gorm.DB) *Store { return &Store{db: db, patience: patience.New()} }

// Reservations returns all reservations in all states, by key. It reads whole tables,
// for checking invariants.
func (s *Store) Reservations(ctx context.Context) ([]inventory.Record, error) {
	all, err := reservations.All(ctx, s.db)
	return all, database.Fault(err)
}

// Reserved implements [inventory.Service].
func (s *Store) Reserved(ctx context.Context, saga string) ([]inventory.Reserved, error) {
	all, err := reservations.Of(ctx, s.db, saga)
	return all, database.Fault(err)
}
