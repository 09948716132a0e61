// Package retry has a listener try failed events again at once.
package retry

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/txn"
)

// Request is an operator's decision about the letters of a key.
type Request struct {
	Group, Key string
	// Reason and Operator are kept with the redrive of a dead letter.
	Reason, Operator string
}

// Retrier has the first letter of a key tried again at once: the one that its later events
// wait behind. A dead letter is redriven. A business fault refuses it: NOT_FOUND for a key
// without a letter, INVALID for a request whose words cannot be kept. A repeat is another
// attempt, and a letter has one effect nevertheless.
type Retrier func(ctx context.Context, r Request) error

// In returns the retrier of the letters in db.
func In(db *gorm.DB) Retrier {
	return func(ctx context.Context, r Request) error {
		l, ok, err := waiting.Head(db.WithContext(ctx), r.Group, r.Key)
		switch {
		case err != nil:
			return err //nolint:wrapcheck // it names the operation
		case !ok:
			return fault.Errorf(fault.Business, fault.NotFound, "no event of it waits in %s", r.Group)
		case l.State == waiting.Parked:
			redrive := waiting.Request{Selection: waiting.Selection{Group: r.Group, ID: l.ID}, Reason: r.Reason, Operator: r.Operator}
			_, _, err = waiting.NewDesk(db).Redrive(ctx, redrive)
			return err //nolint:wrapcheck // it names the operation
		}
		err = lease.Change(db.WithContext(ctx), r.Group, lease.Anyone, func(tx *gorm.DB) error { return hasten(tx, r) })
		if err != nil {
			return fmt.Errorf("try the events of %s again: %w", r.Key, err)
		}
		return nil
	}
}

// hasten makes the next attempt due, unless the letter has had its effect meanwhile.
func hasten(tx *gorm.DB, r Request) error {
	l, ok, err := waiting.Head(tx, r.Group, r.Key)
	if err != nil || !ok || l.State != waiting.Waiting {
		return err //nolint:wrapcheck // it names the operation
	}
	l.NextAt = new(txn.Now())
	_, err = waiting.Settle(tx, l)
	return err //nolint:wrapcheck // as above
}
