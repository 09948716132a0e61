package outbox

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/saga/barrier/txn"
)

// leading reports whether the relay has the lease for a while: a third of it is left for
// what it does next.
func (r *Relay) leading() bool { return time.Until(r.until) > r.o.Lease/3 }

// lease takes the lease if it is free or has run out, or renews it if it is the relay's
// and a quarter of it has passed.
func (r *Relay) lease(ctx context.Context) error {
	if time.Until(r.until) > 3*r.o.Lease/4 {
		return nil
	}
	now := txn.Now()
	until := now.Add(r.o.Lease)
	won := false
	err := txn.Retry(ctx, r.db, func(db *gorm.DB) error {
		res := db.Exec(`INSERT INTO outbox_lease (one, holder, until) VALUES (1, ?, ?)
			ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, until = excluded.until
			WHERE outbox_lease.holder = excluded.holder OR outbox_lease.until < ?`, r.name, until, now)
		won = res.RowsAffected == 1
		return res.Error
	})
	if err != nil {
		return fmt.Errorf("lease the outbox: %w", err)
	}
	if !won {
		r.until = time.Time{}
		return nil
	}
	if time.Now().After(r.until) {
		r.checked = false // another relay may have led meanwhile
	}
	r.until = until
	return nil
}

// release gives the lease back and tells the relays that wait for it.
func (r *Relay) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	res := r.db.WithContext(ctx).Exec("DELETE FROM outbox_lease WHERE holder = ?", r.name)
	switch {
	case res.Error != nil:
		r.o.Logger.Warn("the lease of the outbox runs out by itself", "service", r.o.Service, "error", res.Error)
	case res.RowsAffected == 1:
		r.ring(r.o.Service + freed)
	}
}
