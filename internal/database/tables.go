package database

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
)

// tables returns the names of the tables in db, sorted: on PostgreSQL those of the
// schema that the connection creates tables in, without those of extensions; on SQLite
// without those in which a virtual table keeps its rows.
func tables(db *gorm.DB) (names []string, err error) {
	sql := `SELECT c.relname FROM pg_class c
		WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND c.relkind IN ('r', 'p', 'f')
		AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`
	if db.Name() == "sqlite" {
		sql = `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`
	}
	if err := db.Raw(sql).Scan(&names).Error; err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	slices.Sort(names)
	return names, nil
}

// fits returns nil if have, the tables of tx, are those of s at the versions of tx,
// otherwise a fault with code [NotOurs].
func (s Schema) fits(ctx context.Context, tx *gorm.DB, have []string) error {
	versions := map[string]int64{} // by goose's table
	for _, p := range s.parts(tx) {
		if !slices.Contains(have, p.table) {
			continue
		}
		version, err := p.version(ctx, tx)
		if err != nil {
			return fmt.Errorf("read the version: %w", err)
		}
		versions[p.table] = max(0, version)
	}
	want, err := s.tablesAt(ctx, versions)
	if err != nil {
		return err
	}
	have = slices.DeleteFunc(have, func(t string) bool { _, of := versions[t]; return of })
	if slices.Equal(have, want) {
		return nil
	}
	unknown := slices.DeleteFunc(slices.Clone(have), func(t string) bool { return slices.Contains(want, t) })
	if len(unknown) > 0 {
		return fault.Errorf(fault.Bug, NotOurs, "it has tables of another origin: %s", strings.Join(unknown, ", "))
	}
	missing := slices.DeleteFunc(want, func(t string) bool { return slices.Contains(have, t) })
	return fault.Errorf(fault.Bug, NotOurs, "it is at version %d without these tables: %s", versions[gooseTable], strings.Join(missing, ", "))
}

// tablesAt returns the names of the tables that s has at the versions of its parts,
// sorted, without those of goose. They are those of a database in memory that is
// brought there.
func (s Schema) tablesAt(ctx context.Context, versions map[string]int64) (names []string, err error) {
	db, err := Open(ctx, "sqlite::memory:", Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, Close(db)) }()
	for _, part := range s.parts(db) {
		version := versions[part.table]
		if version == 0 {
			continue
		}
		p, err := part.provider(db)
		if err != nil {
			return nil, err
		}
		if _, err := p.UpTo(ctx, version); err != nil {
			return nil, fmt.Errorf("bring an empty database to version %d: %w", version, err)
		}
	}
	names, err = tables(db.WithContext(ctx))
	return slices.DeleteFunc(names, func(t string) bool { _, of := versions[t]; return of }), err
}
