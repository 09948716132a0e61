package simulator

import (
	"cmp"
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/payment/provider"
)

// Capture implements [provider.Provider].
func (s *Simulator) Capture(ctx context.Context, c provider.Capture) (provider.Effect, error) {
	if c.Key == "" || c.Amount.Minor <= 0 {
		return provider.Effect{}, provider.ErrInvalid
	}
	want := s.request(provider.KindCapture, c.Key, c.Amount)
	want.Target = c.Authorization
	var row effect
	var lost bool
	err := database.InTx(ctx, s.db, func(tx *gorm.DB) error {
		// The authorization's lock puts captures and voids of it in an order.
		held, found, err := read(tx, c.Authorization)
		switch {
		case err != nil:
			return err
		case !found || held.Kind != provider.KindAuthorization:
			return provider.ErrNotFound
		}
		var made bool
		row, made, err = s.capture(tx, held, want)
		lost = made && behaviourOf(held.TokenHash).loseCapture
		return err
	})
	switch {
	case err != nil:
		return provider.Effect{}, err
	case lost:
		return provider.Effect{}, errNoReply
	}
	return row.provider(), nil
}

// capture decides want, unless its key is taken, and moves held on.
func (s *Simulator) capture(tx *gorm.DB, held, want effect) (row effect, made bool, err error) {
	next, invalid := decideCapture(held, &want)
	if invalid != nil { // unless it exists: a repeat finds held as the first call left it
		row, known, err := read(tx, want.Key)
		if err != nil || !known {
			return row, false, cmp.Or(err, invalid)
		}
		return row, false, row.sameRequest(want)
	}
	row, made, err = insert(tx, want)
	switch {
	case err != nil:
		return row, false, err
	case !made: // a repeat of a declined capture, or a forbidden key
		return row, false, row.sameRequest(want)
	case next == held.State:
		return row, true, nil
	}
	return row, true, s.leaveAuthorized(tx, held.Key, next)
}

// decideCapture decides the capture of held and returns the next state of held.
func decideCapture(held effect, capture *effect) (provider.State, error) {
	switch held.State {
	case provider.Voided, provider.Expired:
		capture.decide(provider.Captured, provider.AuthorizationExpired)
		return held.State, nil
	case provider.Authorized:
	default: // captured by another key, or declined
		return "", provider.ErrInvalid
	}
	if held.Amount < capture.Amount || held.Currency != capture.Currency {
		return "", provider.ErrInvalid
	}
	capture.decide(provider.Captured, behaviourOf(held.TokenHash).declineCapture)
	switch capture.Reason {
	case "":
		return provider.Captured, nil
	case provider.AuthorizationExpired:
		return provider.Expired, nil
	default:
		return held.State, nil
	}
}

// Refund implements [provider.Provider].
func (s *Simulator) Refund(ctx context.Context, r provider.Refund) (provider.Effect, error) {
	if r.Key == "" || r.Amount.Minor <= 0 {
		return provider.Effect{}, provider.ErrInvalid
	}
	var row effect
	err := database.InTx(ctx, s.db, func(tx *gorm.DB) error {
		// The capture's lock puts its refunds in an order.
		taken, found, err := read(tx, r.Capture)
		switch {
		case err != nil:
			return err
		case !found || taken.Kind != provider.KindCapture || taken.State != provider.Captured:
			return provider.ErrNotFound
		}
		var refunded int64
		err = tx.Model(&effect{}).Where("target = ? AND kind = ? AND state = ?", r.Capture, provider.KindRefund, provider.Refunded).
			Select("cast(coalesce(sum(amount), 0) AS bigint)").Scan(&refunded).Error
		if err != nil {
			return err
		}
		want := s.request(provider.KindRefund, r.Key, r.Amount)
		want.Target = r.Capture
		want.decide(provider.Refunded, "")
		if r.Amount.Currency != taken.Currency || r.Amount.Minor > taken.Amount-refunded {
			want.decide(provider.Declined, provider.RefundExceedsCapture)
		}
		if row, _, err = insert(tx, want); err != nil {
			return err
		}
		return row.sameRequest(want)
	})
	return row.provider(), err
}
