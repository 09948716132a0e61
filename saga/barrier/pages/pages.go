// Package pages selects the sagas of one page of an audit in a service's database.
package pages

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/amends/amends/saga/audit"
)

// ledger is the table of the barrier.
const ledger = "barrier"

// Within narrows a query to the sagas of r; column holds their ids.
func Within(q *gorm.DB, column string, r audit.Range) *gorm.DB {
	if len(r.Sagas) > 0 {
		return q.Where(column+" IN ?", r.Sagas)
	}
	if r.After != "" {
		q = q.Where(column+" > ?", r.After)
	}
	if r.To != "" {
		q = q.Where(column+" <= ?", r.To)
	}
	return q
}

// Cut shortens r to its first Limit sagas that are in the ledger or in one of the
// tables, which need an indexed column saga. If it left sagas out, more is true
// and the next page starts after cut.To. A list is never cut.
func Cut(ctx context.Context, db *gorm.DB, r audit.Range, tables ...string) (cut audit.Range, more bool, err error) {
	if len(r.Sagas) > 0 || r.Limit <= 0 {
		return r, false, nil
	}
	var parts []string
	var args []any
	for i, table := range append([]string{ledger}, tables...) {
		// Each part has its own limit, so that only the start of an index is read.
		part := "SELECT saga FROM (SELECT DISTINCT saga FROM " + table + " WHERE saga > ?"
		args = append(args, r.After)
		if r.To != "" {
			part += " AND saga <= ?"
			args = append(args, r.To)
		}
		parts = append(parts, fmt.Sprintf("%s ORDER BY saga LIMIT ?) AS t%d", part, i))
		args = append(args, r.Limit+1)
	}
	var sagas []string
	err = db.WithContext(ctx).Raw(strings.Join(parts, " UNION ")+" ORDER BY saga LIMIT ?", append(args, r.Limit+1)...).Scan(&sagas).Error
	if err != nil {
		return r, false, fmt.Errorf("list the sagas: %w", err)
	}
	if len(sagas) > r.Limit {
		r.To, more = sagas[r.Limit-1], true
	}
	return r, more, nil
}
