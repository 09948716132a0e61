package store

import (
	"gorm.io/gorm"

	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store/rows"
)

// Apply writes changes in tx, which [txn.Run] must run, to the generation that answers and
// to the one that is being loaded. It takes over only what is newer than the rows, so a
// repeat changes nothing. Without any generation it begins the first.
func (s *Store) Apply(tx *gorm.DB, changes []query.Change) error {
	targets, err := rows.Targets(tx)
	if err != nil {
		return err //nolint:wrapcheck // it names the operation
	}
	for _, generation := range targets {
		if err := rows.Apply(tx, generation, changes); err != nil {
			return err //nolint:wrapcheck // the same
		}
	}
	var ids []string
	for _, c := range changes {
		switch {
		case c.Order != nil:
			ids = append(ids, c.Order.ID)
		case c.Entry != nil:
			ids = append(ids, c.Entry.OrderID)
		}
	}
	return txn.After(tx, func() { s.watch.Wake(ids...) }) //nolint:wrapcheck // a fault
}
