package staff

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/user"
)

// acts is the account whose records are the acts of staff that are of no batch, and with the
// batch's id behind it that of those of one: no account has such an id.
const acts = "staff"

func journal(batch string) string {
	if batch == "" {
		return acts
	}
	return acts + " " + batch
}

// Keep implements [user.Service].
func (s *Staff) Keep(ctx context.Context, all ...user.Act) error {
	if err := user.ValidateActs(all); err != nil {
		return err
	}
	return database.InTx(ctx, s.DB, func(tx *gorm.DB) error {
		for _, a := range all {
			if err := s.Record(tx, journal(a.Batch), user.Acted, a.By, a.About, a.Note()); err != nil {
				return err
			}
		}
		return nil
	})
}

// Acts implements [user.Service].
func (s *Staff) Acts(ctx context.Context, batch, before string, limit int) ([]user.Act, error) {
	records, err := s.Records(ctx, journal(batch), before, limit)
	all := make([]user.Act, len(records))
	for i, r := range records {
		all[i] = user.ActOf(r)
		all[i].Batch = batch
	}
	return all, err
}
