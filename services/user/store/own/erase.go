package own

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/store/failed"
	"github.com/amends/amends/services/user/store/rows"
)

// Erase implements [user.Service].
func (s *Own) Erase(ctx context.Context, account, id, password string) error {
	p, err := s.prove(ctx, account, id, password)
	if err != nil {
		return err
	}
	return s.erase(ctx, user.Decision{Account: account}, func(tx *gorm.DB) (rows.Account, error) {
		row, _, err := s.lockProved(tx, p)
		return row, err
	})
}

// EraseAccount implements [user.Service].
func (s *Own) EraseAccount(ctx context.Context, d user.Decision) error {
	if err := d.Validate(); err != nil {
		return err //nolint:wrapcheck // a fault
	}
	if _, err := rows.Take(s.DB.WithContext(ctx), "id = ?", d.Account); err != nil {
		return database.Fault(err)
	}
	return s.erase(ctx, d, func(tx *gorm.DB) (rows.Account, error) {
		return rows.Take(rows.Locking(tx), "id = ?", d.Account)
	})
}

// erase removes an account in three commits. The first proves that it may: lock returns the
// account, and from then on it is shut. The second is the order service's, which cannot be
// taken back. The third removes the account. Between them the account can only go forward: its
// sessions stay, so that the owner can repeat a call that was broken off, and so can an
// operator.
func (s *Own) erase(ctx context.Context, d user.Decision, lock func(tx *gorm.DB) (rows.Account, error)) error {
	if err := s.refuseOpenOrders(ctx, d.Account); err != nil {
		return err
	}
	if err := database.InTx(ctx, s.DB, func(tx *gorm.DB) error { return s.shut(tx, lock) }); err != nil {
		return err //nolint:wrapcheck // a fault
	}
	if err := s.orders.Erase(ctx, d); err != nil {
		return err //nolint:wrapcheck // a fault
	}
	return database.InTx(ctx, s.DB, func(tx *gorm.DB) error { return s.remove(tx, d) }) //nolint:wrapcheck // a fault
}

// shut begins the erasure of an account, unless it has begun. No call of before lets a holder
// in any more: neither an API key nor the token of a mail.
func (s *Own) shut(tx *gorm.DB, lock func(tx *gorm.DB) (rows.Account, error)) error {
	row, err := lock(tx)
	if err != nil || row.ErasingSince != nil {
		return err
	}
	row.ErasingSince = new(s.Now())
	if err := s.Update(tx, &row); err != nil {
		return err
	}
	if err := s.SuspendKeys(tx, row.ID); err != nil {
		return err
	}
	return s.Void(tx, row.ID)
}

// remove removes an account whose orders are erased, and tells it.
func (s *Own) remove(tx *gorm.DB, d user.Decision) error {
	row, err := rows.Take(rows.Locking(tx), "id = ?", d.Account)
	if err != nil {
		return err //nolint:wrapcheck // a fault
	}
	if err := s.EndAll(tx, row.ID, "", user.Erased); err != nil {
		return err
	}
	if err := failed.Clear(tx, s.Derived.Login(row.Login)); err != nil {
		return err //nolint:wrapcheck // it names the operation
	}
	for _, remove := range []string{
		"DELETE FROM api_keys WHERE account = ?", "DELETE FROM deliveries WHERE account = ?",
		"DELETE FROM sessions WHERE account = ?", "DELETE FROM mails WHERE account = ?", "DELETE FROM accounts WHERE id = ?",
	} {
		if err := tx.Exec(remove, row.ID).Error; err != nil {
			return fmt.Errorf("erase the account: %w", err)
		}
	}
	if err := s.Record(tx, row.ID, user.Erased, d.By, "", d.Reason); err != nil {
		return err
	}
	return outbox.Tell(tx, user.ErasedFact.New(row.ID, "", user.ErasedData{Account: row.ID})) //nolint:wrapcheck // a fault, or the database's error
}

// refuseOpenOrders refuses with ORDERS_OPEN while the account has an undecided order.
func (s *Own) refuseOpenOrders(ctx context.Context, account string) error {
	if s.orders == nil {
		return fault.Errorf(fault.Transient, fault.Unavailable, "it is not configured where the order service answers calls")
	}
	undecided, err := s.orders.Undecided(ctx, account)
	if err != nil {
		return fault.Wrap(err, fault.Transient, fault.Unavailable, "the order service cannot say whether an order is undecided")
	}
	if undecided {
		return fault.Errorf(fault.Business, user.OrdersOpen, "the account has an order that is not decided; try again when it is")
	}
	return nil
}
