package service

import (
	"context"
	"io/fs"
	"slices"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
)

// Open opens the database of dsn ("postgres://…", "sqlite:PATH" or "sqlite::memory:") and
// migrates it, see [Migrate]. A path or a URL that is wrong is a fault of kind bug, a
// database that does not answer one of kind transient; neither shows a password. The caller
// must [Close] the result.
func Open(ctx context.Context, dsn string, migrations ...fs.FS) (*gorm.DB, error) {
	db, err := database.Open(ctx, dsn, database.Options{})
	if err != nil {
		return nil, err
	}
	if err := Migrate(ctx, db, migrations...); err != nil {
		_ = Close(db) // the first error says more
		return nil, err
	}
	return db, nil
}

// Migrate brings db to the newest version of the barrier's ledger and of the service's own
// migrations. Those are files "NNNNN_name.sql" for goose at the root of a file system, and
// begin with 00002; package [barrier] has 00001. Several processes may migrate at once. A
// repeat changes nothing.
func Migrate(ctx context.Context, db *gorm.DB, migrations ...fs.FS) error {
	return slices.Concat(database.Schema{barrier.Migrations}, migrations).Migrate(ctx, db)
}

// Set returns migrations with a numbering of their own, for [Open] and [Migrate], such as
// those of package outbox: tree has a folder "migrations" with one for each engine, "sqlite"
// and "postgres".
func Set(name string, tree fs.FS) fs.FS { return database.Set(name, tree) }

// Close closes db's connections and waits for running queries to end.
func Close(db *gorm.DB) error { return database.Close(db) }
