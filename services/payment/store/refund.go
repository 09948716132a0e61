package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/payment/store/notes"
	"github.com/amends/amends/services/payment/store/rows"
	"github.com/amends/amends/services/payment/store/step"
	"github.com/amends/amends/services/payment/transfer"
)

// IntendRefund implements [payment.Store].
func (s *Store) IntendRefund(ctx context.Context, k key.Key, req payment.RefundRequest) (payment.Ticket[payment.Refund], error) {
	call := barrier.Call{Key: k, Fingerprint: fingerprint(req.Amount), Request: req}
	var in payment.Intended
	t, err := barrier.Intend[payment.Refund](ctx, s.db, call, func(tx *gorm.DB) error {
		// The newest: after a full refund there may be another capture.
		capture, err := takeTransfer(tx.Order("created_at DESC").
			Where("saga = ? AND kind = ? AND state = ?", k.Saga, transfer.Capture, transfer.Done))
		if err != nil {
			return missing(err, fault.Errorf(fault.Bug, payment.NothingCaptured, "the saga has nothing captured"))
		}
		at := database.Now()
		err = movePayment(tx, tx.Where("id = ?", capture.PaymentID), func(p *payment.Payment) (posting.Set, error) {
			return posting.Set{}, p.StartRefund(req.Amount, at)
		})
		if err != nil {
			return err
		}
		in = payment.Intended{Transfer: transfer.Transfer{
			Key: k, PaymentID: capture.PaymentID, Kind: transfer.Refund, State: transfer.Intent,
			Amount: req.Amount, Target: capture.Key.String(), CreatedAt: at, UpdatedAt: at,
		}}
		r := rows.FromTransfer(in.Transfer)
		if err := database.Queue(tx, 1).Create(&r).Error; err != nil {
			return err
		}
		return notes.Insert(tx, k, req.Note)
	}, step.Refund.Tell(ctx))
	return ticketOf(ctx, s, k, t, in, err)
}

// ConcludeRefund implements [payment.Store].
func (s *Store) ConcludeRefund(ctx context.Context, k key.Key, in payment.Intended, reference string) (payment.Refund, error) {
	t, err := s.intended(ctx, k, in)
	if err != nil {
		return payment.Refund{}, err
	}
	out := payment.Refund{PaymentID: t.PaymentID, ProviderReference: reference, Amount: t.Amount}
	err = barrier.Conclude(ctx, s.db, k, out, func(tx *gorm.DB) error {
		at := database.Now()
		// Only its own key moves a transfer, and this transaction has won the barrier's row.
		t, err := writeTransfer(tx, t, func(t *transfer.Transfer) error { return t.Finish(reference, at) })
		if err != nil {
			return err
		}
		return movePayment(tx, tx.Where("id = ?", t.PaymentID), func(p *payment.Payment) (posting.Set, error) {
			return p.Refund(t.Amount, at)
		})
	}, step.Refund.Tell(ctx))
	if err != nil {
		return payment.Refund{}, database.Fault(err)
	}
	return out, nil
}

// RefuseRefund implements [payment.Store].
func (s *Store) RefuseRefund(ctx context.Context, k key.Key, refusal *fault.Error) error {
	return database.Fault(barrier.Refuse(ctx, s.db, k, refusal, func(tx *gorm.DB) error {
		return dropRefund(tx, k, func(t *transfer.Transfer, at time.Time) error { return t.Decline(refusal.Code, at) })
	}, step.Refund.Tell(ctx)))
}

// BeginSettleRefund implements [payment.Store].
func (s *Store) BeginSettleRefund(ctx context.Context, k key.Key) (ledger.State, payment.Refund, error) {
	e, err := barrier.BeginUndo[payment.RefundRequest, payment.Refund](ctx, s.db, k, step.Refund.Settle(ctx))
	return e.State, e.Outcome, database.Fault(err)
}

// BlockRefund implements [payment.Store].
func (s *Store) BlockRefund(ctx context.Context, k key.Key) error {
	return database.Fault(barrier.EndUndo(ctx, s.db, k, barrier.Blocked, func(tx *gorm.DB) error {
		return dropRefund(tx, k, func(t *transfer.Transfer, at time.Time) error { return t.Block(at) })
	}, step.Refund.Settle(ctx)))
}

// dropRefund ends the transfer of a refund that did not happen, and frees its amount.
func dropRefund(tx *gorm.DB, k key.Key, end func(t *transfer.Transfer, at time.Time) error) error {
	at := database.Now()
	t, err := moveTransfer(tx, k, func(t *transfer.Transfer) error { return end(t, at) })
	if err != nil {
		return err
	}
	return movePayment(tx, tx.Where("id = ?", t.PaymentID), func(p *payment.Payment) (posting.Set, error) {
		return posting.Set{}, p.DropRefund(t.Amount, at)
	})
}
