package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/store/rows"
	"github.com/amends/amends/services/payment/store/step"
)

// Known implements [payment.Store].
func (s *Store) Known(ctx context.Context, k, hold key.Key) (b payment.Known, err error) {
	_, err = barrier.Recall[payment.Capture](ctx, s.db, k)
	switch kind := fault.KindOf(err); {
	case err == nil, kind == fault.Business, kind == fault.Suspension: // a refusal and a block are records, too
		return payment.Known{Recorded: true}, nil
	case fault.CodeOf(err) != fault.Conflict:
		return b, database.Fault(err)
	}
	b.Payment, err = takePayment(where(s.db.WithContext(ctx), hold))
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return payment.Known{}, nil
	}
	b.Age = database.Now().Sub(b.Payment.CreatedAt)
	return b, database.Fault(err)
}

// LearnAuthorize implements [payment.Store].
func (s *Store) LearnAuthorize(ctx context.Context, k key.Key, a money.Amount, reference string) error {
	call := barrier.Call{Key: k, Fingerprint: fingerprint(a), Request: payment.Hold{Amount: a}}
	_, err := barrier.Do(ctx, s.db, call, func(tx *gorm.DB) (payment.Authorization, error) {
		id, err := newID()
		if err != nil {
			return payment.Authorization{}, err
		}
		at := database.Now()
		p := payment.NewPayment(id, k, payment.Hold{Amount: a}, at)
		set, err := p.Authorize(reference, at)
		if err != nil {
			return payment.Authorization{}, err
		}
		r := rows.FromPayment(p)
		if err := database.Queue(tx, 1).Create(&r).Error; err != nil {
			return payment.Authorization{}, err
		}
		return payment.Authorization{PaymentID: id, ProviderReference: reference, Amount: a}, post(tx, set)
	}, step.Authorize.Tell(ctx))
	return database.Fault(err)
}

// learned reports whether the authorization of k was learned from the provider, which does
// not tell the card: the hash of its token is not known.
func (s *Store) learned(ctx context.Context, k key.Key) (bool, error) {
	p, err := takePayment(where(s.db.WithContext(ctx), k))
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return false, nil
	}
	return err == nil && p.TokenHash == "", database.Fault(err)
}
