package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/payment/store/rows"
	"github.com/amends/amends/services/payment/store/step"
	"github.com/amends/amends/services/payment/transfer"
)

// IntendCapture implements [payment.Store].
func (s *Store) IntendCapture(ctx context.Context, k key.Key, req payment.CaptureRequest) (payment.Ticket[payment.Capture], error) {
	call := barrier.Call{Key: k, Fingerprint: fingerprint(req.Amount), Request: req}
	var in payment.Intended
	t, err := barrier.Intend[payment.Capture](ctx, s.db, call, func(tx *gorm.DB) error {
		// Locked: it stays authorized until the intent to capture it is committed.
		p, err := takePayment(locked(tx.Where("saga = ? AND state = ?", k.Saga, payment.Authorized)))
		if err != nil {
			return missing(err, fault.Errorf(fault.Bug, payment.NothingAuthorized, "the saga has nothing authorized"))
		}
		if err := p.CanCapture(req.Amount); err != nil {
			return err
		}
		number, err := nextInvoice(tx)
		if err != nil {
			return err
		}
		at := database.Now()
		in = payment.Intended{Payment: p, Transfer: transfer.Transfer{
			Key: k, PaymentID: p.ID, Kind: transfer.Capture, State: transfer.Intent, Amount: req.Amount,
			Target: p.Key.String(), InvoiceNumber: number, CreatedAt: at, UpdatedAt: at,
		}}
		r := rows.FromTransfer(in.Transfer)
		return database.Queue(tx, 1).Create(&r).Error
	}, step.Capture.Tell(ctx))
	err = duplicate(err, fault.Errorf(fault.Bug, fault.Conflict, "the payment is being captured under another key"))
	return ticketOf(ctx, s, k, t, in, err)
}

// ConcludeCapture implements [payment.Store].
func (s *Store) ConcludeCapture(ctx context.Context, k key.Key, in payment.Intended, reference string) (payment.Capture, error) {
	t, err := s.intended(ctx, k, in)
	if err != nil {
		return payment.Capture{}, err
	}
	out := payment.Capture{PaymentID: t.PaymentID, ProviderReference: reference, InvoiceNumber: t.InvoiceNumber, Amount: t.Amount}
	err = barrier.Conclude(ctx, s.db, k, out, func(tx *gorm.DB) error {
		at := database.Now()
		// Only its own key moves a transfer, and this transaction has won the barrier's row.
		t, err := writeTransfer(tx, t, func(t *transfer.Transfer) error { return t.Finish(reference, at) })
		if err != nil {
			return err
		}
		if err := capture(tx, in.Payment, t, at); err != nil {
			return err
		}
		return database.Queue(tx, 1).Create(&rows.Invoice{
			Number: t.InvoiceNumber, PaymentID: t.PaymentID, Amount: t.Amount.Minor, Currency: t.Amount.Currency, CreatedAt: at,
		}).Error
	}, step.Capture.Tell(ctx))
	if errors.Is(err, txn.ErrRows) && in.Payment.ID != "" { // it was moved since the intent: its row says where to
		return s.ConcludeCapture(ctx, k, payment.Intended{}, reference)
	}
	if err != nil {
		return payment.Capture{}, database.Fault(err)
	}
	return out, nil
}

// capture moves the payment of t, which is p unless that is zero.
func capture(tx *gorm.DB, p payment.Payment, t transfer.Transfer, at time.Time) error {
	move := func(p *payment.Payment) (posting.Set, error) { return p.Capture(t.Amount, at) }
	if p.ID == "" {
		return movePayment(tx, tx.Where("id = ?", t.PaymentID), move)
	}
	return writePayment(tx, p, move)
}

// CaptureNothing implements [payment.Store].
func (s *Store) CaptureNothing(ctx context.Context, k key.Key, req payment.CaptureRequest) (payment.Capture, error) {
	call := barrier.Call{Key: k, Fingerprint: fingerprint(req.Amount), Request: req}
	out, err := barrier.Do(ctx, s.db, call, func(tx *gorm.DB) (payment.Capture, error) {
		var live int64
		states := []payment.State{payment.Intent, payment.Authorized, payment.Captured}
		err := tx.Model(&rows.Payment{}).Where("saga = ? AND state IN ?", k.Saga, states).Count(&live).Error
		if err == nil && live > 0 {
			err = fault.Errorf(fault.Bug, fault.Conflict, "an order that costs nothing has a payment")
		}
		return payment.Capture{Amount: req.Amount}, err
	}, step.Capture.Tell(ctx))
	return out, database.Fault(err)
}

// RefuseCapture implements [payment.Store].
func (s *Store) RefuseCapture(ctx context.Context, k key.Key, refusal *fault.Error) error {
	return database.Fault(barrier.Refuse(ctx, s.db, k, refusal, func(tx *gorm.DB) error {
		_, err := moveTransfer(tx, k, func(t *transfer.Transfer) error { return t.Decline(refusal.Code, database.Now()) })
		return err
	}, step.Capture.Tell(ctx)))
}

// BeginSettle implements [payment.Store].
func (s *Store) BeginSettle(ctx context.Context, k key.Key) (ledger.State, payment.Capture, error) {
	e, err := barrier.BeginUndo[payment.CaptureRequest, payment.Capture](ctx, s.db, k, step.Capture.Settle(ctx))
	return e.State, e.Outcome, database.Fault(err)
}

// BlockCapture implements [payment.Store].
func (s *Store) BlockCapture(ctx context.Context, k key.Key) error {
	return database.Fault(barrier.EndUndo(ctx, s.db, k, barrier.Blocked, func(tx *gorm.DB) error {
		_, err := moveTransfer(tx, k, func(t *transfer.Transfer) error { return t.Block(database.Now()) })
		return err
	}, step.Capture.Settle(ctx)))
}

// ticketOf returns a ticket with the rows of the intent. A repeat looks up the transfer,
// because the call needs its target.
func ticketOf[Out any](
	ctx context.Context, s *Store, k key.Key, t ledger.Ticket[Out], in payment.Intended, err error,
) (payment.Ticket[Out], error) {
	if err == nil && t.Repeat {
		in = payment.Intended{}
		in.Transfer, err = takeTransfer(where(s.db.WithContext(ctx), k))
	}
	return payment.Ticket[Out]{Ticket: t, Intended: in}, database.Fault(err)
}

// intended returns the transfer of k, which is that of in unless it is zero.
func (s *Store) intended(ctx context.Context, k key.Key, in payment.Intended) (transfer.Transfer, error) {
	if in.Transfer.PaymentID != "" {
		return in.Transfer, nil
	}
	t, err := takeTransfer(where(s.db.WithContext(ctx), k))
	return t, database.Fault(missing(err, noIntent(k)))
}

// nextInvoice returns a new invoice number. Captures wait for each other here until
// the transaction ends, which makes no remote call. A capture that is then declined
// leaves a gap, which its transfer explains.
func nextInvoice(tx *gorm.DB) (string, error) {
	var last int64
	err := tx.Raw(`INSERT INTO series (name, last) VALUES ('invoice', 1)
		ON CONFLICT (name) DO UPDATE SET last = series.last + 1 RETURNING last`).Scan(&last).Error
	return fmt.Sprintf("INV-%08d", last), err
}
