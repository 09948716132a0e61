// Package store keeps the payment service's payments, transfers, invoices and
// ledger in a database. Every step goes through [barrier], in the same
// transaction as its rows.
package store

import (
	"context"
	"embed"
	"io/fs"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/services/payment"
)

//go:embed migrations/*.sql
var files embed.FS

func migrations() []fs.FS {
	own, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the name is a constant that go:embed has checked
	}
	return []fs.FS{barrier.Migrations, own}
}

// Migrate brings the payment service's database to the newest version.
func Migrate(ctx context.Context, db *gorm.DB) error {
	return database.Migrate(ctx, db, migrations()...)
}

// Ready returns nil if the payment service's database is reachable and migrated.
func Ready(ctx context.Context, db *gorm.DB) error { return database.Ready(ctx, db, migrations()...) }

// Store implements [payment.Store].
type Store struct{ db *gorm.DB }

var _ payment.Store = (*Store)(nil)

// New returns a store on a migrated database.
func New(db *gorm.DB) *Store { return &Store{db: db} }

// now is the time as the database keeps it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
