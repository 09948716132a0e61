// Package search keeps and finds the words of orders and products, in the full-text
// index of each engine. Words come from package words, so both engines mean the same.
package search

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// Name is that of the migrations, which have a numbering of their own.
const Name = "search"

// Migrations has those of the tables, in a folder for each engine below "migrations".
//
//go:embed migrations
var Migrations embed.FS

// Kind is what the words belong to.
type Kind string

// The kinds. Only products have words of a name apart.
const (
	Orders   Kind = "order"
	Products Kind = "product"
)

// Table returns the table of a generation. Two generations beside each other have
// different ones, because a full-text index has no column for a generation.
func (k Kind) Table(generation int64) string { return fmt.Sprintf("%s_words_%d", k, generation%2) }

// Row has the words of one order or product.
type Row struct {
	Seq         int64
	Words, Name []string // those of the name are words, too
}

// Put sets the words of rows.
func (k Kind) Put(tx *gorm.DB, generation int64, rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	columns, words := "words", "?"
	if k == Products {
		columns, words = "words, name", "?, ?"
	}
	insert, key, update := "INSERT OR REPLACE INTO ", "rowid", ""
	if tx.Name() == "postgres" {
		words = strings.ReplaceAll(words, "?", "array_to_tsvector(string_to_array(?, ' '))")
		insert, key, update = "INSERT INTO ", "seq", " ON CONFLICT (seq) DO UPDATE SET words = excluded.words"
		if k == Products {
			update += ", name = excluded.name"
		}
	}
	var args []any
	for _, r := range rows {
		args = append(args, r.Seq, strings.Join(r.Words, " "))
		if k == Products {
			args = append(args, strings.Join(r.Name, " "))
		}
	}
	values := strings.Repeat(", (?, "+words+")", len(rows))[2:]
	if err := tx.Exec(insert+k.Table(generation)+" ("+key+", "+columns+") VALUES "+values+update, args...).Error; err != nil {
		return fmt.Errorf("write the words of %ss: %w", k, err)
	}
	return nil
}

// Clear removes all words of a generation.
func (k Kind) Clear(tx *gorm.DB, generation int64) error {
	statement := "TRUNCATE " + k.Table(generation)
	if tx.Name() == "sqlite" {
		statement = fmt.Sprintf("INSERT INTO %[1]s (%[1]s) VALUES ('delete-all')", k.Table(generation))
	}
	if err := tx.Exec(statement).Error; err != nil {
		return fmt.Errorf("remove the words of %ss: %w", k, err)
	}
	return nil
}

// Match is a part of a query that finds the rows with words.
type Match struct {
	// From is a table with the alias w, Seq its number.
	From, Seq string
	// Join is the kind of join by which another table follows w.
	Join string
	// Where is a condition on w with the arguments Args.
	Where string
	Args  []any

	table string // of SQLite, else empty
}

// Find returns the match of the rows that have a word with each of prefixes as its
// beginning. There is at least one.
func (k Kind) Find(db *gorm.DB, generation int64, prefixes []string) Match {
	if db.Name() == "sqlite" {
		return k.match(generation, all(prefixes))
	}
	return Match{k.Table(generation) + " AS w", "w.seq", "JOIN", "w.words @@ CAST(CAST(? AS text) AS tsquery)", []any{lexemes(prefixes)}, ""}
}

// Ranked returns the rows of [Kind.Find] in two parts: those that have all words in their
// name, and the others.
func (k Kind) Ranked(db *gorm.DB, generation int64, prefixes []string) [2]Match {
	if db.Name() == "sqlite" {
		named := "name : (" + all(prefixes) + ")"
		return [2]Match{k.match(generation, named), k.match(generation, "("+all(prefixes)+") NOT ("+named+")")}
	}
	both := [2]Match{k.Find(db, generation, prefixes), k.Find(db, generation, prefixes)}
	for i, not := range []string{"", "NOT "} {
		both[i].Where += " AND " + not + "w.name @@ CAST(CAST(? AS text) AS tsquery)"
		both[i].Args = append(both[i].Args, lexemes(prefixes))
	}
	return both
}

// match returns the match of an expression of FTS5.
func (k Kind) match(generation int64, expression string) Match {
	table := k.Table(generation)
	// CROSS keeps the planner from looking each order up in the index.
	return Match{table + " AS w", "w.rowid", "CROSS JOIN", table + " MATCH ?", []any{expression}, table}
}

// Within returns a condition on a column, of SQLite: that it is the number of a row that m
// finds. The column's own index is not used.
func (m Match) Within(column string) string {
	return "+" + column + " IN (SELECT rowid FROM " + m.table + " WHERE " + m.Where + ")"
}

// More reports whether m finds more than some rows, on SQLite, whose planner does not know.
// On PostgreSQL it reports false.
func (m Match) More(db *gorm.DB, than int64) (bool, error) {
	if m.table == "" {
		return false, nil
	}
	var n int64
	statement := "SELECT count(*) FROM (SELECT 1 FROM " + m.table + " WHERE " + m.Where + " LIMIT ?)"
	if err := db.Raw(statement, append(slices.Clone(m.Args), than+1)...).Scan(&n).Error; err != nil {
		return false, fmt.Errorf("count the rows of a search: %w", err)
	}
	return n > than, nil
}

// all is an expression of FTS5 for rows that have each of prefixes.
func all(prefixes []string) string { return join(prefixes, `"`, " *", " AND ") }

// lexemes is a query of PostgreSQL for them.
func lexemes(prefixes []string) string { return join(prefixes, "'", ":*", " & ") }

// join returns a query of either engine. Words have letters and digits only, so quotes
// are all the care that they need.
func join(prefixes []string, quote, star, and string) string {
	terms := make([]string, len(prefixes))
	for i, w := range prefixes {
		terms[i] = quote + w + quote + star
	}
	return strings.Join(terms, and)
}
