package shoptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/amends/amends/event/outbox"
)

// dump is the query that reads a database, and its last answer.
type dump struct {
	query  string
	text   []byte
	writes int // made before the answer
	reset  int // made before the reset
}

var errNotForOne = errors.New("only a shop for one goroutine has a fingerprint")

// Fingerprint returns the content of all databases as text. It reads only those
// that were written since the last call, so it needs a shop of [NewForOne] with a
// [Shop.Snapshot].
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

// Written returns how many statements may have written to the database of a service. It
// needs a shop of [NewForOne].
func (s *Shop) Written(service string) int {
	return s.books[service].ConnPool.(*prepared).writes //nolint:errcheck // as documented
}

// dump returns the lines of a query's answer.
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

// dumpQuery returns a query with a line for each table and each of its rows, in
// the order of their insertion. It leaves out what the services tell: each event has a
// new id, so two worlds would never be equal, and no step reads it.
func dumpQuery(tx *gorm.DB, tables []string) (string, error) {
	var parts []string
	for _, t := range tables {
		if strings.HasPrefix(t, outbox.Name) {
			continue
		}
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
