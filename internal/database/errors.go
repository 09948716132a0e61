package database

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/txn"
)

// mapping is a row of the table that maps driver errors to faults.
type mapping struct {
	when    func(error) bool
	kind    fault.Kind
	code    fault.Code
	message string
}

// mappings is that table; the first matching row counts. A violated constraint is a
// bug and not a refusal: a store decides by the rows that its statement affected, so
// a constraint that fires has caught a mistake in that decision.
var mappings = []mapping{
	{is(gorm.ErrRecordNotFound), fault.Business, fault.NotFound, "there is no such record"},
	{state("57014"), fault.Transient, fault.Unavailable, "the database took too long"},
	{is(gorm.ErrDuplicatedKey), fault.Bug, fault.Conflict, "the record is there already"},
	{is(gorm.ErrForeignKeyViolated), fault.Bug, fault.Conflict, "a record that this one needs is not there"},
	{is(gorm.ErrCheckConstraintViolated), fault.Bug, fault.Conflict, "a rule of the database forbids the change"},
	{constraint, fault.Bug, fault.Conflict, "a rule of the database forbids the change"},
	{is(txn.ErrRows), fault.Bug, fault.Conflict, "a record is not as the change needs it"},
	{damaged, fault.Bug, fault.Internal, "the file is damaged, or is no SQLite database"},
	{class("22"), fault.Bug, fault.Invalid, "a value does not fit the database"},
}

// Fault returns err as a [fault.Error] that is safe to show and has err as its
// cause. It is the one place that gives database errors a meaning, with
// [txn.Unavailable] for those that may pass. An error with a fault in its chain, a
// context that ended, and an error without a row in the table are returned as they
// are; then [fault.Of] decides. Fault returns nil for nil.
func Fault(err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return err
	}
	if unavailable := txn.Unavailable(err); unavailable != nil {
		return unavailable
	}
	for _, m := range mappings {
		if m.when(err) {
			return fault.Wrap(err, m.kind, m.code, m.message)
		}
	}
	return err
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func state(want string) func(error) bool {
	return func(err error) bool { return txn.SQLState(err) == want }
}

func class(want string) func(error) bool {
	return func(err error) bool {
		s := txn.SQLState(err)
		return len(s) == 5 && s[:2] == want
	}
}

// damaged matches a SQLite file that cannot be read.
func damaged(err error) bool {
	const sqliteCorrupt, sqliteNotADatabase = 11, 26
	code := txn.SQLiteCode(err) & 0xff
	return code == sqliteCorrupt || code == sqliteNotADatabase
}

// constraint matches every other integrity error, on either database (NOT NULL,
// exclusion, raw SQL that bypassed GORM's translation).
func constraint(err error) bool {
	const sqliteConstraint = 19
	return class("23")(err) || txn.SQLiteCode(err)&0xff == sqliteConstraint
}
