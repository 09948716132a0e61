// Package lease gives the events of a group of listeners to one process at a time, and
// serializes the changes of its letters, by a row in the listener's database (table
// listener of package waiting).
//
// Its holder shows that it is alive by a beat. No clocks are compared: another process
// takes a lease whose beat it has not seen change for long enough.
package lease

import (
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/txn"
)

// ErrLost is the error of a process that does not hold the lease of its group.
var ErrLost = errors.New("another process holds the lease of the group")

// Anyone is the holder for [Lock] that stands for all: operators change letters without
// the lease.
const Anyone = ""

// State is that of a lease, as in the database.
type State struct {
	Holder string
	Beat   int64
}

// Lock begins a change of letters: it waits for every other change of the group's
// letters to end, and keeps later ones out until tx ends. It returns [ErrLost] if holder
// does not hold the lease, and a fault with code NOT_FOUND if there is no such group.
func Lock(tx *gorm.DB, group, holder string) error {
	l := struct{ Holder string }{}
	r := tx.Raw("UPDATE listener SET beat = beat WHERE group_name = ? RETURNING holder", group).Scan(&l)
	switch {
	case r.Error != nil:
		return fmt.Errorf("lock the letters of %s: %w", group, r.Error)
	case r.RowsAffected == 0:
		return fault.Errorf(fault.Business, fault.NotFound, "there is no group %s", group)
	case holder != Anyone && holder != l.Holder:
		return ErrLost
	}
	return nil
}

// Held returns the state of the lease of the group, the zero one if no process has ever had it.
func Held(db *gorm.DB, group string) (l State, err error) {
	if err := db.Raw("SELECT holder, beat FROM listener WHERE group_name = ?", group).Scan(&l).Error; err != nil {
		return l, fmt.Errorf("read the lease of %s: %w", group, err)
	}
	return l, nil
}

// Take gives the lease of the group to holder if it still is as seen. It reports
// whether it did.
func Take(db *gorm.DB, group, holder string, seen State) (bool, error) {
	r := db.Exec("INSERT INTO listener (group_name, holder, beat) VALUES (?, ?, 1) ON CONFLICT (group_name) "+
		"DO UPDATE SET holder = excluded.holder, beat = listener.beat + 1 WHERE listener.holder = ? AND listener.beat = ?",
		group, holder, seen.Holder, seen.Beat)
	if r.Error != nil {
		return false, fmt.Errorf("take the lease of %s: %w", group, r.Error)
	}
	return r.RowsAffected == 1, nil
}

// Renew shows that holder, which has the lease, is alive. It returns [ErrLost] if it has
// not.
func Renew(db *gorm.DB, group, holder string) error {
	return change(db, "UPDATE listener SET beat = beat + 1 WHERE group_name = ? AND holder = ?", group, holder)
}

// Release frees the lease that holder has; another process may take it at once.
func Release(db *gorm.DB, group, holder string) error {
	return change(db, "UPDATE listener SET holder = '', beat = beat + 1 WHERE group_name = ? AND holder = ?", group, holder)
}

func change(db *gorm.DB, sql, group, holder string) error {
	r := db.Exec(sql, group, holder)
	if r.Error != nil {
		return fmt.Errorf("lease of %s: %w", group, r.Error)
	}
	if r.RowsAffected == 0 {
		return ErrLost
	}
	return nil
}

// Change runs f in a transaction that holds the [Lock] of the group.
func Change(db *gorm.DB, group, holder string, f func(tx *gorm.DB) error) error {
	return txn.Run(db.Statement.Context, db, func(tx *gorm.DB) error { //nolint:wrapcheck // the caller says what it was doing
		if err := Lock(tx, group, holder); err != nil {
			return err
		}
		return f(tx)
	})
}
