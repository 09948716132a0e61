// Package notes keeps who asked for a refund and why, beside its transfer.
package notes

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/services/payment/transfer"
)

// noteRow is the note of a refund, beside its transfer.
type noteRow struct {
	Saga       string
	Step       string
	Generation int
	ID         string
	Reason     string
	Reference  string
	AskedBy    string
	TakeBack   bool
}

// TableName tells GORM the table.
func (noteRow) TableName() string { return "refund_notes" }

// Insert adds the note of k's transfer.
func Insert(tx *gorm.DB, k key.Key, n refund.Note) error {
	return database.Queue(tx, 1).Create(&noteRow{
		Saga: k.Saga, Step: k.Step, Generation: k.Generation,
		ID: n.ID, Reason: n.Reason, Reference: n.Reference, AskedBy: n.By, TakeBack: n.TakeBack,
	}).Error
}

// refundRow is a refund's transfer with its note.
type refundRow struct {
	ID          string
	Reason      string
	Reference   string
	AskedBy     string
	TakeBack    bool
	State       transfer.State
	Amount      int64
	Currency    money.Currency
	DeclineCode string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// refundStates has the state of a refund for that of its transfer.
var refundStates = map[transfer.State]refund.State{
	transfer.Intent:   refund.Pending,
	transfer.Done:     refund.Done,
	transfer.Declined: refund.Declined,
	transfer.Blocked:  refund.Blocked,
}

func (r refundRow) domain() refund.Record {
	return refund.Record{
		Note:  refund.Note{ID: r.ID, Reason: r.Reason, Reference: r.Reference, By: r.AskedBy, TakeBack: r.TakeBack},
		State: refundStates[r.State], Amount: money.New(r.Amount, r.Currency), DeclineCode: fault.Code(r.DeclineCode),
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
}

// Refunds returns the refunds of a saga, the oldest first.
func Refunds(ctx context.Context, db *gorm.DB, saga string) ([]refund.Record, error) {
	var rows []refundRow
	err := db.WithContext(ctx).Table("transfers AS t").
		Select(`n.id, n.reason, n.reference, n.asked_by, n.take_back,
			t.state, t.amount, t.currency, t.decline_code, t.created_at, t.updated_at`).
		Joins("JOIN refund_notes AS n ON n.saga = t.saga AND n.step = t.step AND n.generation = t.generation").
		Where("t.saga = ?", saga).Order("t.created_at, t.generation").Scan(&rows).Error
	if err != nil {
		return nil, database.Fault(fmt.Errorf("read the refunds: %w", err))
	}
	all := make([]refund.Record, len(rows))
	for i, r := range rows {
		all[i] = r.domain()
	}
	return all, nil
}
