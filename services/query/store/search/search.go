// Package search keeps and finds the words of orders and products, in the full-text
// index of each engine. Words come from package words, so both engines mean the same.
package search

import (
	"embed"
	"fmt"
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
	// Where is a condition on w with one argument, Arg.
	Where string
	Arg   any
}

// Find returns the match of the rows that have a word with each of prefixes as its
// beginning. There is at least one.
func (k Kind) Find(db *gorm.DB, generation int64, prefixes []string) Match {
	if db.Name() == "sqlite" {
		table := k.Table(generation)
		// CROSS keeps the planner from looking each order up in the index.
		return Match{table + " AS w", "w.rowid", "CROSS JOIN", table + " MATCH ?", join(prefixes, `"`, " *", " AND ")}
	}
	return Match{k.Table(generation) + " AS w", "w.seq", "JOIN", "w.words @@ CAST(CAST(? AS text) AS tsquery)", join(prefixes, "'", ":*", " & ")}
}

// Named returns an expression with one argument that is true for those rows of a [Match]
// that have all words in their name.
func (k Kind) Named(db *gorm.DB, generation int64, prefixes []string) (expression string, arg any) {
	if db.Name() == "sqlite" {
		table := k.Table(generation)
		return "w.rowid IN (SELECT rowid FROM " + table + " WHERE " + table + " MATCH ?)", "name : (" + join(prefixes, `"`, " *", " AND ") + ")"
	}
	return "w.name @@ CAST(CAST(? AS text) AS tsquery)", join(prefixes, "'", ":*", " & ")
}

// join returns a query of either engine. Words have letters and digits only, so quotes
// are all the care that they need.
func join(prefixes []string, quote, star, and string) string {
	terms := make([]string, len(prefixes))
	for i, w := range prefixes {
		terms[i] = quote + w + quote + star
	}
	return strings.Join(terms, and)
}
