package store

import (
	"context"
	"strconv"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/payment/store/rows"
	"github.com/amends/amends/services/payment/store/step"
)

// fingerprint returns that of an amount and more parts of a request.
func fingerprint(a money.Amount, more ...string) string {
	return barrier.Fingerprint(1, append([]string{strconv.FormatInt(a.Minor, 10), string(a.Currency)}, more...)...)
}

// IntendAuthorize implements [payment.Store].
func (s *Store) IntendAuthorize(ctx context.Context, k key.Key, h payment.Hold) (payment.Ticket[payment.Authorization], error) {
	if h.TokenHash == "" {
		return s.recallAuthorize(ctx, k, h.Amount)
	}
	call := barrier.Call{Key: k, Fingerprint: fingerprint(h.Amount, h.TokenHash), Request: h}
	var p payment.Payment
	t, err := barrier.Intend[payment.Authorization](ctx, s.db, call, func(tx *gorm.DB) error {
		id, err := newID()
		if err != nil {
			return err
		}
		p = payment.NewPayment(id, k, h, database.Now())
		r := rows.FromPayment(p)
		return database.Queue(tx, 1).Create(&r).Error
	}, step.Authorize.Tell(ctx))
	if fault.CodeOf(err) == fault.Mismatch {
		learned, unread := s.learned(ctx, k)
		switch {
		case unread != nil:
			return payment.Ticket[payment.Authorization]{}, unread
		case learned:
			return s.recallAuthorize(ctx, k, h.Amount)
		}
	}
	err = duplicate(err, fault.Errorf(fault.Bug, fault.Conflict, "the saga has another payment asked for, held or taken"))
	if t.Repeat {
		p = payment.Payment{} // another attempt's counts
	}
	return payment.Ticket[payment.Authorization]{Ticket: t, Intended: payment.Intended{Payment: p}}, database.Fault(err)
}

// recallAuthorize returns the record of an authorization whose token is not known.
func (s *Store) recallAuthorize(ctx context.Context, k key.Key, a money.Amount) (payment.Ticket[payment.Authorization], error) {
	t, err := barrier.Recall[payment.Authorization](ctx, s.db, k, step.Authorize.Again(ctx)...)
	if err == nil && t.Done && t.Outcome.Amount != a {
		err = fault.Errorf(fault.Bug, fault.Mismatch, "%s holds another amount", k)
	}
	return payment.Ticket[payment.Authorization]{Ticket: t}, database.Fault(err)
}

// ConcludeAuthorize implements [payment.Store].
func (s *Store) ConcludeAuthorize(ctx context.Context, k key.Key, in payment.Intended, reference string) (payment.Authorization, error) {
	p := in.Payment
	if p.ID == "" {
		var err error
		if p, err = takePayment(where(s.db.WithContext(ctx), k)); err != nil {
			return payment.Authorization{}, database.Fault(missing(err, noIntent(k)))
		}
	}
	out := payment.Authorization{PaymentID: p.ID, ProviderReference: reference, Amount: p.Amount}
	err := barrier.Conclude(ctx, s.db, k, out, func(tx *gorm.DB) error {
		// Until it is authorized only its own key moves a payment, and this transaction
		// has won the barrier's row.
		return writePayment(tx, p, func(p *payment.Payment) (posting.Set, error) {
			return p.Authorize(reference, database.Now())
		})
	}, step.Authorize.Tell(ctx))
	if err != nil {
		return payment.Authorization{}, database.Fault(err)
	}
	return out, nil
}

// RefuseAuthorize implements [payment.Store].
func (s *Store) RefuseAuthorize(ctx context.Context, k key.Key, refusal *fault.Error) error {
	return database.Fault(barrier.Refuse(ctx, s.db, k, refusal, func(tx *gorm.DB) error {
		return movePayment(tx, where(tx, k), func(p *payment.Payment) (posting.Set, error) {
			return posting.Set{}, p.Decline(refusal.Code, database.Now())
		})
	}, step.Authorize.Tell(ctx)))
}

// BeginVoid implements [payment.Store].
func (s *Store) BeginVoid(ctx context.Context, k key.Key) (ledger.State, error) {
	e, err := barrier.BeginUndo[payment.Hold, payment.Authorization](ctx, s.db, k, step.Authorize.Undo(ctx))
	return e.State, database.Fault(err)
}

// EndVoid implements [payment.Store].
func (s *Store) EndVoid(ctx context.Context, k key.Key) error {
	return s.endVoid(ctx, k, barrier.Undone)
}

// BlockAuthorize implements [payment.Store].
func (s *Store) BlockAuthorize(ctx context.Context, k key.Key) error {
	return s.endVoid(ctx, k, barrier.Blocked)
}

func (s *Store) endVoid(ctx context.Context, k key.Key, to ledger.State) error {
	return database.Fault(barrier.EndUndo(ctx, s.db, k, to, func(tx *gorm.DB) error {
		return movePayment(tx, where(tx, k), func(p *payment.Payment) (posting.Set, error) { return p.Void(database.Now()) })
	}, step.Authorize.Undo(ctx)))
}

// noIntent is the error of a conclude without an intent.
func noIntent(k key.Key) *fault.Error {
	return fault.Errorf(fault.Bug, fault.Conflict, "%s has no intent", k)
}
