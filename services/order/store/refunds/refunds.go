// Package refunds keeps the refunds of orders, each beside its order's row, whose lock
// orders their changes.
package refunds

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier/pages"
	"github.com/amends/amends/services/order"
)

type row struct {
	OrderID  string `gorm:"primaryKey"`
	ID       string `gorm:"primaryKey"`
	Number   int
	Amount   int64
	Currency string
	TakeBack bool
	Status   string
	OpenedAt time.Time
	NotedAt  *time.Time // nil: never
	ClosedAt *time.Time // nil: it is PENDING
}

// TableName tells GORM the table.
func (row) TableName() string { return "order_refunds" }

func rowOf(f order.Refund) row {
	return row{
		OrderID: f.OrderID, ID: f.ID, Number: f.Number, Amount: f.Amount.Minor, Currency: string(f.Amount.Currency),
		TakeBack: f.TakeBack, Status: string(f.Status), OpenedAt: f.At, NotedAt: moment(f.NotedAt), ClosedAt: moment(f.ClosedAt),
	}
}

func (r row) refund() order.Refund {
	return order.Refund{
		OrderID: r.OrderID, Number: r.Number, Status: order.RefundStatus(r.Status), NotedAt: timeOf(r.NotedAt), ClosedAt: timeOf(r.ClosedAt),
		Opening: order.RefundOpening{
			ID: r.ID, Amount: money.New(r.Amount, money.Currency(r.Currency)), TakeBack: r.TakeBack, At: r.OpenedAt.UTC(),
		},
	}
}

// add adds a refund to an order that is locked, and returns it, or the one with its id.
func add(tx *gorm.DB, f order.Refund) (order.Refund, error) {
	r := rowOf(f)
	res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&r)
	if res.Error != nil {
		return f, fmt.Errorf("insert refund: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return find(tx, f.OrderID, f.ID)
	}
	return f, nil
}

// find returns a refund of an order that is locked, or NOT_FOUND, a bug.
func find(tx *gorm.DB, orderID, id string) (order.Refund, error) {
	var r row
	err := tx.Where("order_id = ? AND id = ?", orderID, id).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return order.Refund{}, fault.Errorf(fault.Bug, fault.NotFound, "refund %s was never opened", id)
	}
	if err != nil {
		return order.Refund{}, fmt.Errorf("read refund: %w", err)
	}
	return r.refund(), nil
}

// save writes a refund that find has returned in the same transaction.
func save(tx *gorm.DB, f order.Refund) error {
	r := rowOf(f)
	if err := database.Queue(tx, 1).Model(&r).Select("status", "noted_at", "closed_at").Updates(r).Error; err != nil {
		return fmt.Errorf("update refund: %w", err)
	}
	return nil
}

// Within returns the refunds of the orders of a range, by order.
func Within(ctx context.Context, db *gorm.DB, r audit.Range) (map[string][]order.Refund, error) {
	all, err := read(pages.Within(db.WithContext(ctx), "order_id", r).Order("opened_at, id"))
	of := map[string][]order.Refund{}
	for _, f := range all {
		of[f.OrderID] = append(of[f.OrderID], f)
	}
	return of, err
}

func read(q *gorm.DB) ([]order.Refund, error) {
	var rows []row
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read refunds: %w", err)
	}
	all := make([]order.Refund, len(rows))
	for i, r := range rows {
		all[i] = r.refund()
	}
	return all, nil
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
