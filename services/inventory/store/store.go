// Package store keeps the inventory service's rows: warehouses, stock and
// reservations. What a method writes is one transaction; a refusal is one statement.
//
// Locks are taken in one order, so that no two transactions wait for each other:
// the barrier's row, the reservation, then the stock rows by SKU and warehouse.
package store

import (
	"context"
	"embed"
	"io/fs"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/services/inventory"
)

//go:embed migrations/*.sql
var files embed.FS

// Store implements [inventory.Service] on a database of its own.
type Store struct{ db *gorm.DB }

var _ inventory.Service = (*Store)(nil)

// New returns a Store on db, which [Migrate] has brought to its newest version.
func New(db *gorm.DB) *Store { return &Store{db: db} }

// Migrate brings db to the newest version. A repeat changes nothing.
func Migrate(ctx context.Context, db *gorm.DB) error {
	return database.Migrate(ctx, db, sources()...)
}

// Ready fails unless db can be reached and is at the newest version.
func Ready(ctx context.Context, db *gorm.DB) error {
	return database.Ready(ctx, db, sources()...)
}

func sources() []fs.FS {
	own, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return []fs.FS{barrier.Migrations, own}
}
