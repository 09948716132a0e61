// Package store keeps the order service's rows: orders, their lines and their
// history. What a method writes is one transaction.
//
// The order's own row is what makes each step happen once (see package order);
// the barrier's table is there, as in every service's database, and no step of
// this service writes to it.
package store

import (
	"context"
	"embed"
	"io/fs"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/services/order"
)

//go:embed migrations/*.sql
var files embed.FS

// Store implements [order.Service] on a database of its own.
type Store struct{ db *gorm.DB }

var _ order.Service = (*Store)(nil)

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
