package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/txn"
)

const (
	// lockPeriod, in seconds, and lockAttempts let a migrator wait up to a minute for
	// another one.
	lockPeriod, lockAttempts = 1, 60
	// sqliteAttempts bounds the tries of a migrator that lost a race for a SQLite
	// file, which has no lock that outlives a transaction.
	sqliteAttempts = 3
)

// Schema is the structure of a database: the migrations in some file systems, files
// NNNNN_name.sql for goose at their roots, which share one numbering. A [Set] has a
// numbering of its own.
type Schema []fs.FS

// Migrations returns the folder "migrations" of tree, as a source of a [Schema].
func Migrations(tree fs.FS) fs.FS { return folder(tree, "migrations") }

// Migrate brings db to the newest version. Several processes may do so at once. A
// repeat changes nothing. A migration that fails is rolled back; those before it
// stay.
func (s Schema) Migrate(ctx context.Context, db *gorm.DB) error {
	attempts := 1
	var options []goose.ProviderOption
	if db.Name() == "postgres" {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(lockPeriod, lockAttempts))
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	} else {
		attempts = sqliteAttempts
	}
	for _, part := range s.parts(db) {
		if err := part.up(ctx, db, attempts, options); err != nil {
			return Fault(fmt.Errorf("migrate: %w", err))
		}
	}
	return nil
}

// up brings the part of db to its newest version.
func (p part) up(ctx context.Context, db *gorm.DB, attempts int, options []goose.ProviderOption) error {
	g, err := p.provider(db, options...)
	if err != nil {
		return err
	}
	// Before goose, which would try for seconds to create its table in a damaged file.
	if _, err := p.version(ctx, db); errors.As(Fault(err), new(*fault.Error)) {
		return err
	}
	for range attempts {
		if _, err = g.Up(ctx); err == nil || ctx.Err() != nil || txn.Lost(err) {
			break
		}
	}
	return err //nolint:wrapcheck // the caller says what it was doing
}

// Ready returns nil if db can be written and is at the newest version or beyond it (an
// older program runs beside a newer one during a deploy), otherwise a fault of kind
// transient: another process may still be migrating. It leaves nothing behind.
func (s Schema) Ready(ctx context.Context, db *gorm.DB) error {
	pool, err := db.DB()
	if err != nil {
		return fmt.Errorf("ready: %w", err)
	}
	if err := pool.PingContext(ctx); err != nil {
		return Fault(fmt.Errorf("ready: %w", err))
	}
	for _, part := range s.parts(db) {
		if err := part.ready(ctx, db); err != nil {
			return err
		}
	}
	return writable(ctx, db)
}

// ready is [Schema.Ready] for the versions of one part.
func (p part) ready(ctx context.Context, db *gorm.DB) error {
	g, err := p.provider(db)
	if err != nil {
		return fmt.Errorf("ready: %w", err)
	}
	all := g.ListSources()
	want := all[len(all)-1].Version
	have, err := p.version(ctx, db)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("ready: %w", errors.Join(ctx.Err(), err))
	case errors.As(Fault(err), new(*fault.Error)): // it is not a missing table
		return Fault(fmt.Errorf("ready: %w", err))
	case err != nil:
		return fault.Wrap(err, fault.Transient, fault.Unavailable, "the database has not been migrated")
	case have < want:
		return fault.Errorf(fault.Transient, fault.Unavailable, "the database is at version %d of %d", have, want)
	}
	return nil
}
