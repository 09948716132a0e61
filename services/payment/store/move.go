package store

import (
	"errors"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/payment/store/rows"
	"github.com/amends/amends/services/payment/transfer"
)

func where(db *gorm.DB, k key.Key) *gorm.DB {
	return db.Where("saga = ? AND step = ? AND generation = ?", k.Saga, k.Step, k.Generation)
}

// locked makes a query lock the rows it reads until tx ends.
func locked(tx *gorm.DB) *gorm.DB {
	return tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate})
}

// takePayment reads the one payment that q selects.
func takePayment(q *gorm.DB) (payment.Payment, error) {
	var r rows.Payment
	err := q.Take(&r).Error
	return r.Domain(), err
}

// takeTransfer reads the one transfer that q selects.
func takeTransfer(q *gorm.DB) (transfer.Transfer, error) {
	var r rows.Transfer
	err := q.Take(&r).Error
	return r.Domain(), err
}

// movePayment reads the payment that q selects, applies move, and writes it with the
// postings that move returns. It locks the payment, so that moves of one payment have
// an order.
func movePayment(tx, q *gorm.DB, move func(p *payment.Payment) (posting.Set, error)) error {
	p, err := takePayment(locked(q))
	if err != nil {
		return err
	}
	return writePayment(tx, p, move)
}

// writePayment is [movePayment] for a payment that was read already. It fails with
// [txn.ErrRows] if that has left its state meanwhile.
func writePayment(tx *gorm.DB, p payment.Payment, move func(p *payment.Payment) (posting.Set, error)) error {
	before := p.State
	set, err := move(&p)
	if err != nil {
		return err
	}
	r := rows.FromPayment(p)
	// All fields, because GORM leaves out zero ones.
	if err := changed(database.Queue(tx, 1).Model(&r).Where("state = ?", before).Select("*").Omit("id").Updates(&r)); err != nil {
		return err
	}
	return post(tx, set)
}

// moveTransfer is [movePayment] for the transfer of k, which it returns.
func moveTransfer(tx *gorm.DB, k key.Key, move func(t *transfer.Transfer) error) (transfer.Transfer, error) {
	t, err := takeTransfer(locked(where(tx, k)))
	if err != nil {
		return t, err
	}
	return writeTransfer(tx, t, move)
}

// writeTransfer is [moveTransfer] for a transfer that was read already and that no
// other transaction moves.
func writeTransfer(tx *gorm.DB, t transfer.Transfer, move func(t *transfer.Transfer) error) (transfer.Transfer, error) {
	before := t.State
	if err := move(&t); err != nil {
		return t, err
	}
	r := rows.FromTransfer(t)
	return t, changed(where(database.Queue(tx, 1).Model(&rows.Transfer{}), t.Key).Where("state = ?", before).Select("*").Updates(&r))
}

// changed returns [txn.ErrRows] unless exactly one row was written.
func changed(r *gorm.DB) error {
	if r.Error == nil && r.RowsAffected != 1 {
		return txn.ErrRows
	}
	return r.Error
}

// post appends set to the ledger. It is the only writer of postings and refuses a set
// that does not balance.
func post(tx *gorm.DB, set posting.Set) error {
	if len(set.Lines) == 0 {
		return nil
	}
	if err := set.Check(); err != nil {
		return err
	}
	id, err := newID()
	if err != nil {
		return err
	}
	lines := make([]rows.Posting, len(set.Lines))
	for i, l := range set.Lines {
		lines[i] = rows.Posting{
			SetID: id, Line: i + 1, PaymentID: set.PaymentID, Kind: set.Kind,
			Account: l.Account, Amount: l.Amount.Minor, Currency: l.Amount.Currency, CreatedAt: set.CreatedAt,
		}
	}
	return database.Queue(tx, int64(len(lines))).Create(&lines).Error
}

// duplicate returns f if err is of a row that exists already, else err. It takes the
// error of a whole transaction, because a queued row is sent with its end.
func duplicate(err error, f *fault.Error) error {
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return f
	}
	return err
}

// newID returns a UUIDv7.
func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

// missing returns f if err says that there is no such row, else err.
func missing(err error, f *fault.Error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return f
	}
	return err
}
