package pages

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/amends/amends/saga/audit"
)

// Part selects the sagas of one table that a service names as changed.
type Part struct {
	Table string
	// Column holds the ids of sagas.
	Column string
	// At holds the time of the change, and is the first column of an index, the ids are the
	// second. Empty: the rows are selected at any time, and an index has the ids of those
	// that fit Where.
	At string
	// Where is a condition in SQL; empty: none.
	Where string
}

// Entered returns [Changed] for the sagas with new entries in the ledger of db, by the index
// barrier_created. An entry that changes later does so in a saga that has not ended, which is
// for the order service to name: an index of that time would be written at every step of
// every saga.
func Entered(db *gorm.DB) func(ctx context.Context, w audit.Window) (audit.Changed, error) {
	return func(ctx context.Context, w audit.Window) (audit.Changed, error) {
		return Changed(ctx, db, w, Part{Table: ledger, Column: "saga", At: "created_at"})
	}
}

// Changed returns the first w.Limit sagas of w that one of the parts selects, by id.
func Changed(ctx context.Context, db *gorm.DB, w audit.Window, parts ...Part) (audit.Changed, error) {
	var selects []string
	var args []any
	for _, p := range parts {
		sql, bound := p.in(w)
		selects, args = append(selects, sql), append(args, bound...)
	}
	sql := strings.Join(selects, " UNION ") + " ORDER BY 1"
	if w.Limit > 0 {
		sql, args = sql+" LIMIT ?", append(args, w.Limit+1)
	}
	var sagas []string
	if err := db.WithContext(ctx).Raw(sql, args...).Scan(&sagas).Error; err != nil {
		return audit.Changed{}, fmt.Errorf("list the changed sagas: %w", err)
	}
	page := audit.Changed{Facts: sagas}
	if w.Limit > 0 && len(sagas) > w.Limit {
		page.Facts, page.Next = sagas[:w.Limit], sagas[w.Limit-1]
	}
	return page, nil
}

// in returns the statement of a part with its arguments.
func (p Part) in(w audit.Window) (sql string, args []any) {
	saga, conditions := p.Column, []string{}
	if p.At != "" {
		// The window is narrow and the key range is not: no index of ids may be used.
		saga = "coalesce(" + p.Column + ", '')"
		conditions, args = append(conditions, p.At+" >= ?", p.At+" < ?"), append(args, w.From.UTC(), w.Until.UTC())
	}
	conditions, args = append(conditions, saga+" > ?"), append(args, w.After)
	if w.To != "" {
		conditions, args = append(conditions, saga+" <= ?"), append(args, w.To)
	}
	if p.Where != "" {
		conditions = append(conditions, p.Where)
	}
	return "SELECT DISTINCT " + p.Column + " FROM " + p.Table + " WHERE " + strings.Join(conditions, " AND "), args
}
