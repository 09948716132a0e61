// Package compare compares the generation of the read model that answers with the records
// of the services that it follows. It changes nothing and takes no locks.
package compare

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier/pages"
	"github.com/amends/amends/services/query"
	queryaudit "github.com/amends/amends/services/query/audit"
	"github.com/amends/amends/services/query/store/rows"
)

// maxPage bounds the orders of one page.
const maxPage = 1000

// Store reads the read model on one database.
type Store struct{ db *gorm.DB }

// New returns a store on db, which must be migrated to the schema of package store.
func New(db *gorm.DB) *Store { return &Store{db} }

// Orders returns the orders of r by id, at most r.Limit of them (of a list: all). Before the
// read model is filled it fails with UNAVAILABLE, as every method does.
func (s *Store) Orders(ctx context.Context, r audit.Range) (queryaudit.Page, error) {
	head, err := rows.FindHead(ctx, s.db)
	if err != nil {
		return queryaudit.Page{}, err //nolint:wrapcheck // a fault
	}
	q := pages.Within(s.db.WithContext(ctx).Where("generation = ?", head.Generation), "id", r)
	limit := min(r.Limit, maxPage)
	if len(r.Sagas) == 0 && limit > 0 {
		q = q.Limit(limit)
	}
	var found []rows.Order
	if err := q.Order("id").Select("id, status, reason, customer_id, account, attention, view").Find(&found).Error; err != nil {
		return queryaudit.Page{}, database.Fault(fmt.Errorf("read copies of orders: %w", err))
	}
	page := queryaudit.Page{Facts: make([]queryaudit.Fact, len(found))}
	for i, row := range found {
		var view struct {
			Total     money.Amount `json:"total"`
			Refunded  money.Amount `json:"refunded"`
			CreatedAt time.Time    `json:"created_at"`
		}
		if err := json.Unmarshal([]byte(row.View), &view); err != nil {
			return queryaudit.Page{}, fault.Errorf(fault.Bug, fault.Internal, "the copy of order %s cannot be read: %w", row.ID, err)
		}
		page.Facts[i] = queryaudit.Fact{
			Saga: row.ID, Since: view.CreatedAt.UTC(), Status: query.Status(row.Status), Reason: row.Reason,
			Customer: row.CustomerID, Account: row.Account, Total: view.Total, Refunded: view.Refunded, Flagged: row.Attention,
		}
	}
	if len(r.Sagas) == 0 && limit > 0 && len(found) == limit {
		page.Next = found[limit-1].ID
	}
	return page, nil
}
