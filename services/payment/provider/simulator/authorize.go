package simulator

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/payment/provider"
)

// Authorize implements [provider.Provider].
func (s *Simulator) Authorize(ctx context.Context, a provider.Authorization) (provider.Effect, error) {
	if a.Key == "" || a.Token == "" || a.Amount.Minor <= 0 {
		return provider.Effect{}, provider.ErrInvalid
	}
	want := s.request(provider.KindAuthorization, a.Key, a.Amount)
	want.TokenHash = Hash(a.Token)
	does := behaviourOf(want.TokenHash)

	if err := s.stall(ctx, a.Key, does); err != nil {
		return provider.Effect{}, err
	}
	want.decide(provider.Authorized, does.declineAuthorize)
	row, made, err := s.enter(ctx, want)
	switch {
	case err != nil:
		return provider.Effect{}, err
	case made && does.hangAuthorize:
		return provider.Effect{}, s.hang(ctx)
	}
	return s.reply(ctx, row)
}

// Void implements [provider.Provider].
func (s *Simulator) Void(ctx context.Context, key string) error {
	var row effect
	err := database.InTx(ctx, s.db, func(tx *gorm.DB) error {
		var found bool
		var err error
		row, found, err = read(tx, key)
		switch {
		case err != nil:
			return err
		case !found || row.Kind != provider.KindAuthorization:
			return provider.ErrNotFound
		case row.State == provider.Captured:
			return provider.ErrCaptured
		case row.State != provider.Authorized || row.silentAt(s.now(), s.o.UnknownFor):
			return nil
		}
		return s.leaveAuthorized(tx, key, provider.Voided)
	})
	if err != nil {
		return err
	}
	_, err = s.reply(ctx, row)
	return err
}

// known reports whether key is taken.
func (s *Simulator) known(ctx context.Context, key string) (bool, error) {
	var n int64
	err := s.db.WithContext(ctx).Model(&effect{}).Where("key = ?", key).Count(&n).Error
	return n > 0, database.Fault(err)
}

// stall delays or fails an authorization before it is decided, as its token asks.
func (s *Simulator) stall(ctx context.Context, key string, does behaviour) error {
	if !does.slow && does.failures == 0 {
		return nil
	}
	if known, err := s.known(ctx, key); err != nil || known {
		return err
	}
	if does.slow {
		return wait(ctx, s.o.SlowFor)
	}
	var count int64
	err := s.db.WithContext(ctx).Raw(`INSERT INTO failures (key, count) VALUES (?, 1)
		ON CONFLICT (key) DO UPDATE SET count = failures.count + 1 RETURNING count`, key).Scan(&count).Error
	switch {
	case err != nil:
		return database.Fault(err)
	case count <= does.failures:
		return provider.ErrUnavailable
	}
	return nil
}

// enter writes want unless its key is taken, and reports whether it did.
func (s *Simulator) enter(ctx context.Context, want effect) (row effect, made bool, err error) {
	err = database.Retry(ctx, s.db, func(db *gorm.DB) error {
		var err error
		if row, made, err = insert(db, want); err != nil {
			return err
		}
		return row.sameRequest(want)
	})
	return row, made, err
}

// leaveAuthorized moves an authorization on, of which tx holds the lock.
func (s *Simulator) leaveAuthorized(tx *gorm.DB, key string, to provider.State) error {
	r := database.Queue(tx, 1).Model(&effect{}).Where("key = ? AND state = ?", key, provider.Authorized).
		Updates(map[string]any{"state": to, "updated_at": s.now()})
	if r.Error == nil && r.RowsAffected != 1 {
		return provider.ErrInvalid
	}
	return r.Error
}
