package sqlite

import (
	"database/sql"
	"fmt"
	"strconv"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/migrator"
	"gorm.io/gorm/schema"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/amends/amends/saga/barrier/txn"
)

// dialector is GORM's SQLite dialect over database/sql: no cgo, no row locks, no
// AutoMigrate (schemas are SQL files).
type dialector struct{ pool *sql.DB }

var (
	_ gorm.Dialector                     = dialector{}
	_ gorm.ErrorTranslator               = dialector{}
	_ gorm.SavePointerDialectorInterface = dialector{}
)

// Name returns "sqlite".
func (dialector) Name() string { return "sqlite" }

// Initialize registers the callbacks and clauses of the dialect.
func (d dialector) Initialize(db *gorm.DB) error {
	db.ConnPool = d.pool
	callbacks.RegisterDefaultCallbacks(db, &callbacks.Config{
		CreateClauses: []string{"INSERT", "VALUES", "ON CONFLICT", "RETURNING"},
		UpdateClauses: []string{"UPDATE", "SET", "FROM", "WHERE", "RETURNING"},
		DeleteClauses: []string{"DELETE", "FROM", "WHERE", "RETURNING"},
	})
	db.ClauseBuilders["LIMIT"] = buildLimit
	// FOR UPDATE has no meaning here: an immediate transaction is the only writer.
	db.ClauseBuilders["FOR"] = func(clause.Clause, clause.Builder) {}
	return nil
}

// buildLimit writes LIMIT and OFFSET; SQLite has no OFFSET without a LIMIT.
func buildLimit(c clause.Clause, b clause.Builder) {
	limit, ok := c.Expression.(clause.Limit)
	if !ok {
		return
	}
	n := -1
	if limit.Limit != nil && *limit.Limit >= 0 {
		n = *limit.Limit
	}
	write(b, "LIMIT "+strconv.Itoa(n))
	if limit.Offset > 0 {
		write(b, " OFFSET "+strconv.Itoa(limit.Offset))
	}
}

// Translate wraps constraint errors into GORM's, as the PostgreSQL dialect does.
func (dialector) Translate(err error) error {
	var as error
	switch txn.SQLiteCode(err) {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		as = gorm.ErrDuplicatedKey
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		as = gorm.ErrForeignKeyViolated
	case sqlite3.SQLITE_CONSTRAINT_CHECK:
		as = gorm.ErrCheckConstraintViolated
	default:
		return err
	}
	return fmt.Errorf("%w: %w", as, err)
}

// Migrator returns GORM's generic migrator, which no code here calls.
func (d dialector) Migrator(db *gorm.DB) gorm.Migrator {
	return migrator.Migrator{Config: migrator.Config{DB: db, Dialector: d}}
}

// DataTypeOf returns the type in the field's tag.
func (dialector) DataTypeOf(f *schema.Field) string { return string(f.DataType) }

// DefaultValueOf returns NULL: SQLite has no DEFAULT among VALUES.
func (dialector) DefaultValueOf(*schema.Field) clause.Expression {
	return clause.Expr{SQL: "NULL"}
}

// BindVarTo writes a placeholder.
func (dialector) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) { write(w, "?") }

// QuoteTo writes an identifier, or several joined by dots, in double quotes.
func (dialector) QuoteTo(w clause.Writer, name string) {
	quoted := []byte{'"'}
	for i := range len(name) {
		switch c := name[i]; c {
		case '.':
			quoted = append(quoted, `"."`...)
		case '"':
			quoted = append(quoted, `""`...)
		default:
			quoted = append(quoted, c)
		}
	}
	write(w, string(append(quoted, '"')))
}

// Explain returns sql with its variables filled in, for a logger.
func (dialector) Explain(sql string, vars ...any) string {
	return logger.ExplainSQL(sql, nil, `'`, vars...)
}

// SavePoint begins a nested part of tx under name.
func (dialector) SavePoint(tx *gorm.DB, name string) error {
	return tx.Exec("SAVEPOINT " + name).Error
}

// RollbackTo undoes the changes of tx since the savepoint under name.
func (dialector) RollbackTo(tx *gorm.DB, name string) error {
	return tx.Exec("ROLLBACK TO SAVEPOINT " + name).Error
}

// write writes s. GORM's statements are string builders, which cannot fail.
func write(w clause.Writer, s string) { _, _ = w.WriteString(s) }
