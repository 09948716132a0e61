package store

import (
	"context"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier/pages"
)

// changes selects the orders that have changed, and those that may stand still.
var changes = []pages.Part{
	{Table: "orders", Column: "id", At: "updated_at"},
	{Table: "orders", Column: "id", At: "noted_at", Where: "noted_at IS NOT NULL"},
	{Table: "orders", Column: "id", Where: "status = 'PENDING'"},
	{Table: "orders", Column: "id", Where: "needs_attention"},
	{Table: "order_refunds", Column: "order_id", At: "closed_at", Where: "closed_at IS NOT NULL"},
	{Table: "order_refunds", Column: "order_id", Where: "status = 'PENDING'"},
}

// Changed implements [orderaudit.Auditor].
func (s *Store) Changed(ctx context.Context, w audit.Window) (audit.Changed, error) {
	page, err := pages.Changed(ctx, s.db, w, changes...)
	return page, database.Fault(err)
}
