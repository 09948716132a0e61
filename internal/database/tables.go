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
// schema that the connection creates tables in, without those of extensions.
func tables(db *gorm.DB) (names []string, err error) {
	sql := `SELECT c.relname FROM pg_class c
		WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND c.relkind IN ('r', 'p', 'f')
		AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`
	if db.Name() == "sqlite" {
		sql = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`
	}
	if err := db.Raw(sql).Scan(&names).Error; err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	slices.Sort(names)
	return names, nil
}

// fits returns nil if have, the tables of tx, are those of s at the version of tx,
// otherwise a fault with code [NotOurs].
func (s Schema) fits(ctx context.Context, tx *gorm.DB, have []string) error {
	var version int64
	if slices.Contains(have, gooseTable) {
		if err := tx.Raw("SELECT coalesce(max(version_id), 0) FROM " + gooseTable + " WHERE is_applied").Scan(&version).Error; err != nil {
			return fmt.Errorf("read the version: %w", err)
		}
	}
	want, err := s.tablesAt(ctx, version)
	if err != nil {
		return err
	}
	have = slices.DeleteFunc(have, func(t string) bool { return t == gooseTable })
	if slices.Equal(have, want) {
		return nil
	}
	unknown := slices.DeleteFunc(slices.Clone(have), func(t string) bool { return slices.Contains(want, t) })
	if len(unknown) > 0 {
		return fault.Errorf(fault.Bug, NotOurs, "it has tables of another origin: %s", strings.Join(unknown, ", "))
	}
	missing := slices.DeleteFunc(want, func(t string) bool { return slices.Contains(have, t) })
	return fault.Errorf(fault.Bug, NotOurs, "it is at version %d without these tables: %s", version, strings.Join(missing, ", "))
}

// tablesAt returns the names of the tables that s has at a version, sorted. They
// are those of a database in memory that is brought there.
func (s Schema) tablesAt(ctx context.Context, version int64) (names []string, err error) {
	if version == 0 {
		return nil, nil
	}
	db, err := Open(ctx, "sqlite::memory:", Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, Close(db)) }()
	p, err := s.provider(db)
	if err != nil {
		return nil, err
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return nil, fmt.Errorf("bring an empty database to version %d: %w", version, err)
	}
	names, err = tables(db.WithContext(ctx))
	return slices.DeleteFunc(names, func(t string) bool { return t == gooseTable }), err
}
