// Package lease gives a piece of work, such as the events of a group of listeners or the
// outbox of a service, to one process at a time, and serializes the changes that need it,
// by a row in the service's database.
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

// ErrLost is the error of a process that does not hold the lease.
var ErrLost = errors.New("another process holds the lease")

// Anyone is the holder for [Lock] that stands for all: an operator's change needs no lease.
const Anyone = ""

// State is that of a lease, as in the database.
type State struct {
	Holder string
	Beat   int64
}

// Lock begins a change under the lease: it waits for every other such change to end, and
// keeps later ones out until tx ends. It returns [ErrLost] if holder does not hold the
// lease, and a fault with code NOT_FOUND if there never was one of that name.
func Lock(tx *gorm.DB, name, holder string) error {
	l := struct{ Holder string }{}
	r := tx.Raw("UPDATE lease SET beat = beat WHERE name = ? RETURNING holder", name).Scan(&l)
	switch {
	case r.Error != nil:
		return fmt.Errorf("lock the lease of %s: %w", name, r.Error)
	case r.RowsAffected == 0:
		return fault.Errorf(fault.Business, fault.NotFound, "there is no group %s", name)
	case holder != Anyone && holder != l.Holder:
		return ErrLost
	}
	return nil
}

// Held returns the state of the lease of the name, the zero one if no process has ever had it.
func Held(db *gorm.DB, name string) (l State, err error) {
	if err := db.Raw("SELECT holder, beat FROM lease WHERE name = ?", name).Scan(&l).Error; err != nil {
		return l, fmt.Errorf("read the lease of %s: %w", name, err)
	}
	return l, nil
}

// Take gives the lease to holder if it still is as seen. It reports
// whether it did.
func Take(db *gorm.DB, name, holder string, seen State) (bool, error) {
	r := db.Exec("INSERT INTO lease (name, holder, beat) VALUES (?, ?, 1) ON CONFLICT (name) "+
		"DO UPDATE SET holder = excluded.holder, beat = lease.beat + 1 WHERE lease.holder = ? AND lease.beat = ?",
		name, holder, seen.Holder, seen.Beat)
	if r.Error != nil {
		return false, fmt.Errorf("take the lease of %s: %w", name, r.Error)
	}
	return r.RowsAffected == 1, nil
}

// Renew shows that holder, which has the lease, is alive. It returns [ErrLost] if it has
// not.
func Renew(db *gorm.DB, name, holder string) error {
	return change(db, "UPDATE lease SET beat = beat + 1 WHERE name = ? AND holder = ?", name, holder)
}

// Release frees the lease that holder has; another process may take it at once.
func Release(db *gorm.DB, name, holder string) error {
	return change(db, "UPDATE lease SET holder = '', beat = beat + 1 WHERE name = ? AND holder = ?", name, holder)
}

func change(db *gorm.DB, sql, name, holder string) error {
	r := db.Exec(sql, name, holder)
	if r.Error != nil {
		return fmt.Errorf("lease of %s: %w", name, r.Error)
	}
	if r.RowsAffected == 0 {
		return ErrLost
	}
	return nil
}

// Change runs f in a transaction that holds the [Lock].
func Change(db *gorm.DB, name, holder string, f func(tx *gorm.DB) error) error {
	return txn.Run(db.Statement.Context, db, func(tx *gorm.DB) error { //nolint:wrapcheck // the caller says what it was doing
		if err := Lock(tx, name, holder); err != nil {
			return err
		}
		return f(tx)
	})
}
