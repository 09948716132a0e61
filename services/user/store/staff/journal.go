package staff

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/user"
)

// acts is the account whose records are the acts of staff: no account has this id.
const acts = "staff"

// Keep implements [user.Service].
func (s *Staff) Keep(ctx context.Context, a user.Act) error {
	if err := a.Validate(); err != nil {
		return err
	}
	return database.InTx(ctx, s.DB, func(tx *gorm.DB) error {
		return s.Record(tx, acts, user.Acted, a.By, a.About, a.Note())
	})
}

// Acts implements [user.Service].
func (s *Staff) Acts(ctx context.Context, before string, limit int) ([]user.Act, error) {
	records, err := s.Records(ctx, acts, before, limit)
	all := make([]user.Act, len(records))
	for i, r := range records {
		all[i] = user.ActOf(r)
	}
	return all, err
}
