package simulator

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/payment/provider"
)

// Find implements [provider.Provider].
func (s *Simulator) Find(ctx context.Context, key string) (provider.Effect, bool, error) {
	var rows []effect
	if err := s.db.WithContext(ctx).Where("key = ?", key).Find(&rows).Error; err != nil {
		return provider.Effect{}, false, database.Fault(err)
	}
	if len(rows) == 0 {
		return provider.Effect{}, false, nil
	}
	return s.found(ctx, rows[0])
}

// Forbid implements [provider.Provider].
func (s *Simulator) Forbid(ctx context.Context, key string) (provider.Effect, bool, error) {
	if key == "" {
		return provider.Effect{}, false, provider.ErrInvalid
	}
	now := s.now()
	var row effect
	err := database.Retry(ctx, s.db, func(db *gorm.DB) error {
		var err error
		row, _, err = insert(db, effect{Key: key, Kind: none, State: forbidden, CreatedAt: now, UpdatedAt: now})
		return err
	})
	if err != nil {
		return provider.Effect{}, false, err
	}
	return s.found(ctx, row)
}

func (s *Simulator) found(ctx context.Context, row effect) (provider.Effect, bool, error) {
	if row.State == forbidden {
		return provider.Effect{}, false, nil
	}
	e, err := s.reply(ctx, row)
	return e, err == nil, err
}
