package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

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
// NNNNN_name.sql for goose at their roots, which share one numbering.
type Schema []fs.FS

// Migrations returns the folder "migrations" of tree, as a source of a [Schema].
func Migrations(tree fs.FS) fs.FS {
	folder, err := fs.Sub(tree, "migrations")
	if err != nil {
		panic(err) // fs.Sub refuses malformed names only
	}
	return folder
}

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
	p, err := s.provider(db, options...)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	// Before goose, which would try for seconds to create its table in a damaged file.
	if _, err := version(ctx, db); errors.As(Fault(err), new(*fault.Error)) {
		return Fault(fmt.Errorf("migrate: %w", err))
	}
	for range attempts {
		if _, err = p.Up(ctx); err == nil || ctx.Err() != nil || txn.Lost(err) {
			break
		}
	}
	if err != nil {
		return Fault(fmt.Errorf("migrate: %w", err))
	}
	return nil
}

// Ready returns nil if db can be written and is at the newest version or beyond it (an
// older program runs beside a newer one during a deploy), otherwise a fault of kind
// transient: another process may still be migrating. It leaves nothing behind.
func (s Schema) Ready(ctx context.Context, db *gorm.DB) error {
	p, err := s.provider(db)
	if err != nil {
		return fmt.Errorf("ready: %w", err)
	}
	pool, err := db.DB()
	if err != nil {
		return fmt.Errorf("ready: %w", err)
	}
	if err := pool.PingContext(ctx); err != nil {
		return Fault(fmt.Errorf("ready: %w", err))
	}
	all := p.ListSources()
	want := all[len(all)-1].Version
	have, err := version(ctx, db)
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
	return writable(ctx, db)
}

// version returns the newest migration of db. It does not ask goose, which would
// create its table. A missing table is an error without a row in Fault's table.
func version(ctx context.Context, db *gorm.DB) (have int64, err error) {
	err = db.WithContext(ctx).Raw("SELECT coalesce(max(version_id), -1) FROM goose_db_version WHERE is_applied").Scan(&have).Error
	return have, err
}

// provider returns goose as a library over the merged sources, without globals.
func (s Schema) provider(db *gorm.DB, options ...goose.ProviderOption) (*goose.Provider, error) {
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectPostgres
	if db.Name() == "sqlite" {
		dialect = goose.DialectSQLite3
	}
	return goose.NewProvider(dialect, pool, merged(s), append(options, goose.WithDisableGlobalRegistry(true))...)
}

// merged shows several file systems as one. File names must differ; goose refuses
// equal versions.
type merged []fs.FS

// Open opens the file in the first source that has it.
func (m merged) Open(name string) (fs.File, error) {
	for _, source := range m {
		f, err := source.Open(name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists the folder's files in all sources. A name in two of them is an
// error: one would hide the other.
func (m merged) ReadDir(name string) ([]fs.DirEntry, error) {
	var all []fs.DirEntry
	for _, source := range m {
		entries, err := fs.ReadDir(source, name)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !slices.ContainsFunc(all, func(o fs.DirEntry) bool { return o.Name() == e.Name() }) {
				all = append(all, e)
				continue
			}
			return nil, &fs.PathError{Op: "merge", Path: e.Name(), Err: fs.ErrExist}
		}
	}
	return all, nil
}
