package waiting

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox/values"
	"github.com/amends/amends/saga/barrier/txn"
)

// Once runs apply with those of the events that the group has not applied, in their
// order, in the transaction that records them (see [txn.Run]). It does not call apply if
// there are none. An error leaves nothing behind.
func Once(ctx context.Context, db *gorm.DB, group string, events []event.Event, apply func(tx *gorm.DB, fresh []event.Event) error) error {
	ids := make([]string, len(events))
	for n, e := range events {
		ids[n] = e.ID
	}
	return txn.Run(ctx, db, func(tx *gorm.DB) error { //nolint:wrapcheck // that of apply
		claimed, err := claim(tx, group, ids)
		if err != nil {
			return err
		}
		fresh := make([]event.Event, 0, len(events))
		for _, e := range events {
			if claimed[e.ID] {
				fresh = append(fresh, e)
			}
		}
		if len(fresh) == 0 {
			return nil
		}
		return apply(tx, fresh)
	})
}

// claim records that the effects of events are in this transaction, and returns the ids
// of those that were not recorded before. A transaction that records one of them at the
// same time is waited for.
func claim(tx *gorm.DB, group string, ids []string) (map[string]bool, error) {
	return values.Set(tx.Raw("INSERT INTO inbox (group_name, event_id, at) SELECT ?, value, ? FROM "+values.List(tx)+
		" WHERE true ON CONFLICT DO NOTHING RETURNING event_id", group, txn.Now(), values.Encode(ids)))
}
