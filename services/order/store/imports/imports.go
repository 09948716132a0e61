// Package imports writes decided orders of another program into the order service's database.
package imports

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/imported"
	"github.com/amends/amends/services/order/store/rows"
)

// Add writes the orders that the database does not have, all or none, with the origin
// [order.Legacy], and returns how many these are. It tells nothing. A repeat changes nothing;
// an order that exists stays as it is, but for the money that the other program has paid back
// since: that counts among these. It refuses with INVALID as [imported.Order.Validate]
// does.
func Add(ctx context.Context, db *gorm.DB, all []imported.Order) (added int64, err error) {
	all = slices.SortedFunc(slices.Values(all), func(a, b imported.Order) int { return strings.Compare(a.ID, b.ID) })
	for _, i := range all {
		if err := i.Validate(); err != nil {
			return 0, err //nolint:wrapcheck // a fault
		}
	}
	err = database.InTx(ctx, db, func(tx *gorm.DB) error {
		added = 0
		for _, i := range all {
			fresh, err := add(tx, i)
			if err != nil {
				return err
			}
			if fresh {
				added++
			}
		}
		return nil
	})
	return added, err //nolint:wrapcheck // a fault
}

func add(tx *gorm.DB, i imported.Order) (fresh bool, err error) {
	row, lines, err := rowsOf(i)
	if err != nil {
		return false, err
	}
	res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	if res.Error != nil {
		return false, fmt.Errorf("insert an imported order: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return paidBack(tx, i)
	}
	if err := tx.Create(&lines).Error; err != nil {
		return false, fmt.Errorf("insert its lines: %w", err)
	}
	change := rows.Change{OrderID: row.ID, Position: 1, FromStatus: string(order.Pending), ToStatus: row.Status, Reason: row.Reason, At: row.UpdatedAt}
	if err := tx.Create(&change).Error; err != nil {
		return false, fmt.Errorf("insert its history: %w", err)
	}
	return true, nil
}

// paidBack brings an imported order to the money that was paid back of it, which only grows.
func paidBack(tx *gorm.DB, i imported.Order) (changed bool, err error) {
	res := tx.Exec("UPDATE orders SET refunded_minor = ?, version = version + 1 WHERE id = ? AND origin = ? AND refunded_minor < ?",
		i.Refunded, i.ID, order.Legacy, i.Refunded)
	if res.Error != nil {
		return false, fmt.Errorf("note the money that was paid back of an imported order: %w", res.Error)
	}
	return res.RowsAffected > 0, nil
}

// rowsOf returns the rows of an order that is decided from the beginning.
func rowsOf(i imported.Order) (rows.Order, []rows.Line, error) {
	row, lines, err := rows.New(i.ID, i.Placement(), i.CreatedAt.UTC().Truncate(time.Microsecond))
	if err != nil {
		return row, nil, err //nolint:wrapcheck // a fault
	}
	view, err := i.View()
	if err != nil {
		return row, nil, fmt.Errorf("encode the view: %w", err)
	}
	rec, err := row.Record()
	if err != nil {
		return row, nil, err //nolint:wrapcheck // a fault
	}
	rec.Status, rec.Reason, rec.Total, rec.Refunded, rec.View = i.Status, i.Reason, &i.Total, i.Refunded, view
	rec.UpdatedAt = i.UpdatedAt.UTC().Truncate(time.Microsecond)
	row.Origin = order.Legacy
	return row, lines, row.Take(rec) //nolint:wrapcheck // a fault
}
