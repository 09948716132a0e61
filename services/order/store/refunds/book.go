package refunds

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
)

// Change applies move to an order that it has locked, and writes it if move reports a
// change. The writes of move are in the same transaction.
type Change func(ctx context.Context, id string, move func(tx *gorm.DB, r *order.Record) (bool, error)) (order.Record, error)

// Book is the part of the order service that is about refunds.
type Book struct {
	db     *gorm.DB
	change Change
}

// NewBook returns the refunds of a database whose orders change by change.
func NewBook(db *gorm.DB, change Change) *Book { return &Book{db, change} }

// OpenRefund implements [order.Service].
func (b *Book) OpenRefund(ctx context.Context, k key.Key, o order.RefundOpening) error {
	have, err := b.open(ctx, k, o)
	if err == nil && !have.Fits(o) {
		return fault.Errorf(fault.Bug, fault.Conflict, "refund %s was opened with another request: %s", o.ID, have.Amount)
	}
	return err
}

// open returns the opening of a refund, which is o unless the refund exists.
func (b *Book) open(ctx context.Context, k key.Key, o order.RefundOpening) (have order.RefundOpening, err error) {
	_, err = b.change(ctx, k.Saga, func(tx *gorm.DB, r *order.Record) (bool, error) {
		f, err := r.OpenRefund(k.Generation, o)
		if err == nil {
			f, err = add(tx, f)
		}
		have = f.Opening
		return false, err
	})
	return have, err
}

// NoteRefund implements [order.Service].
func (b *Book) NoteRefund(ctx context.Context, k key.Key, n order.RefundNote) error {
	return b.changeRefund(ctx, k, n.ID, func(r *order.Record, f *order.Refund) (bool, error) { return r.NoteRefund(f, n), nil })
}

// CloseRefund implements [order.Service].
func (b *Book) CloseRefund(ctx context.Context, k key.Key, c order.RefundClosing) error {
	if c.Status == order.RefundRefused {
		switch _, err := b.open(ctx, k, c.Opening); fault.CodeOf(err) {
		case "":
		case fault.NotFound, order.IllegalTransition, order.PaidElsewhere: // nothing can open it later, either
			return nil
		default:
			return err
		}
	}
	return b.changeRefund(ctx, k, c.Opening.ID, func(r *order.Record, f *order.Refund) (bool, error) { return r.CloseRefund(f, c) })
}

// changeRefund applies move to a refund and its order, and writes both if move reports a
// change.
func (b *Book) changeRefund(ctx context.Context, k key.Key, id string, move func(*order.Record, *order.Refund) (bool, error)) error {
	_, err := b.change(ctx, k.Saga, func(tx *gorm.DB, r *order.Record) (bool, error) {
		f, err := find(tx, k.Saga, id)
		if err != nil {
			return false, err
		}
		changed, err := move(r, &f)
		if err != nil || !changed {
			return false, err
		}
		return true, save(tx, f)
	})
	return err
}

// maxPage bounds the refunds of one page.
const maxPage = 1000

// PendingRefunds returns at most limit (1 to 1,000, else INVALID) refunds that have not
// ended, the oldest first.
func (b *Book) PendingRefunds(ctx context.Context, limit int) ([]order.Refund, error) {
	if limit < 1 || limit > maxPage {
		return nil, fault.Errorf(fault.Business, fault.Invalid, "a page has 1 to %d refunds", maxPage)
	}
	all, err := read(b.db.WithContext(ctx).Where("status = 'PENDING'").Order("opened_at, order_id, id").Limit(limit))
	return all, database.Fault(err)
}

// Refunds implements [order.Direct].
func (b *Book) Refunds(ctx context.Context, id string) ([]order.Refund, error) {
	all, err := read(b.db.WithContext(ctx).Where("order_id = ?", id).Order("opened_at, id"))
	return all, database.Fault(err)
}

// PendingRefundsOf returns the refunds of an order that have not ended, the oldest first.
func (b *Book) PendingRefundsOf(ctx context.Context, id string) ([]order.Refund, error) {
	all, err := read(b.db.WithContext(ctx).Where("status = 'PENDING' AND order_id = ?", id).Order("opened_at, id"))
	return all, database.Fault(err)
}
