package database

import (
	"context"
	"io/fs"
	"slices"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/database/merged"
)

// Set returns migrations with a numbering of their own, as a source of a [Schema]: those
// of tables that several services have beside their own, such as an outbox. The folder
// "migrations" of tree has one per engine, "sqlite" and "postgres". The name is unique in a database; goose
// keeps the versions in the table goose_NAME_version.
func Set(name string, tree fs.FS) fs.FS { return set{Migrations(tree), name} }

type set struct {
	fs.FS
	name string
}

// part is the part of a schema that has one numbering.
type part struct {
	table string // that goose keeps the versions in
	files fs.FS
}

// parts returns the parts of s on the engine of db: that of the service, unless there are sets
// alone, then the sets.
func (s Schema) parts(db *gorm.DB) []part {
	var own merged.FS
	var sets []part
	for _, source := range s {
		if set, ok := source.(set); ok {
			sets = append(sets, part{table: "goose_" + set.name + "_version", files: folder(set.FS, db.Name())})
			continue
		}
		own = append(own, source)
	}
	if len(own) == 0 && len(sets) > 0 {
		return sets
	}
	return append([]part{{table: gooseTable, files: own}}, sets...)
}

// folder returns the folder of tree with the name, which must be well-formed.
func folder(tree fs.FS, name string) fs.FS {
	sub, err := fs.Sub(tree, name)
	if err != nil {
		panic(err) // fs.Sub refuses malformed names only
	}
	return sub
}

// version returns the newest migration of db. It does not ask goose, which would
// create its table. A missing table is an error without a row in Fault's table.
func (p part) version(ctx context.Context, db *gorm.DB) (have int64, err error) {
	err = db.WithContext(ctx).Raw("SELECT coalesce(max(version_id), -1) FROM " + p.table + " WHERE is_applied").Scan(&have).Error
	return have, err
}

// provider returns goose as a library, without globals.
func (p part) provider(db *gorm.DB, options ...goose.ProviderOption) (*goose.Provider, error) {
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectPostgres
	if db.Name() == "sqlite" {
		dialect = goose.DialectSQLite3
	}
	options = append(slices.Clone(options), goose.WithDisableGlobalRegistry(true), goose.WithTableName(p.table))
	return goose.NewProvider(dialect, pool, p.files, options...)
}
