package shoptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// dump is how a database is read, and what it held.
type dump struct {
	query  string
	text   []byte
	writes int // that had been made then
	reset  int // that had been made when it was reset
}

var errNotForOne = errors.New("only a shop for one goroutine has a fingerprint")

// Fingerprint returns what all databases hold, as text. Only databases that were
// written since the last time are read. Only of [NewForOne]'s, after [Shop.Snapshot].
func (s *Shop) Fingerprint(ctx context.Context) ([]byte, error) {
	var all bytes.Buffer
	for i, db := range s.databases {
		p, ok := db.ConnPool.(*prepared)
		if !ok {
			return nil, errNotForOne
		}
		d := &s.dumps[i]
		if d.text == nil || d.writes != p.writes {
			text, err := p.dump(ctx, d.query)
			if err != nil {
				return nil, err
			}
			d.text, d.writes = text, p.writes
		}
		fmt.Fprintf(&all, "database %d\n%s\n", i, d.text)
	}
	return all.Bytes(), nil
}

// dump returns the lines that a query answers.
func (p *prepared) dump(ctx context.Context, query string) ([]byte, error) {
	rows, err := p.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var text []byte
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, err
		}
		text = append(append(text, line...), '\n')
	}
	return text, rows.Err()
}

// dumpQuery returns a query that answers a line for each table and each of its rows,
// in the order in which they were inserted.
func dumpQuery(tx *gorm.DB, tables []string) (string, error) {
	var parts []string
	for _, t := range tables {
		var columns []string
		if err := tx.Raw(`SELECT name FROM pragma_table_info(?)`, t).Scan(&columns).Error; err != nil {
			return "", err
		}
		for i, c := range columns {
			columns[i] = fmt.Sprintf(`quote("%s")`, c)
		}
		parts = append(parts, fmt.Sprintf(`SELECT '%s ' || coalesce(group_concat(%s, char(10) ORDER BY rowid), '') FROM main."%s"`,
			t, strings.Join(columns, " || ',' || "), t))
	}
	return strings.Join(parts, " UNION ALL "), nil
}
