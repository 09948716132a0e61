package barrier

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/txn"
)

// Told is the ledger's record of a key after a call.
type Told struct {
	Key Key
	// State is never Intent: an intent has no result yet.
	State State
	// Code and Message are those of the refusal, if State is Refused.
	Code    fault.Code
	Message string
	// Outcome is that of the do, as JSON, if State is Done or was Done before Undone;
	// else it is empty.
	Outcome string
	// Repeat reports that the call changed nothing: an earlier one made the record.
	Repeat bool
}

// Tell tells other services of the result of a call, by a row that commits with it (see
// package outbox). It runs in the transaction that makes or reads the record, after the
// statement that wins the ledger's row and after the effect. Of all calls that leave a
// key in a state one tells with Repeat false. Repeats tell too, because a service may
// have to answer anew: its first answer may have been lost. Calls that fail, other than
// by a refusal, tell nothing.
//
// An error of it fails the call and rolls the transaction back, record and effect
// included. It cannot refuse: a fault of kind business is a bug.
type Tell func(tx *gorm.DB, t Told) error

// tell tells of r, the record of k.
func (r *row) tell(tx *gorm.DB, k Key, repeat bool, tell []Tell) error {
	if r.State == Intent {
		return nil
	}
	t := Told{Key: k, State: r.State, Code: r.Code, Message: r.Message, Outcome: r.Outcome, Repeat: repeat}
	for _, f := range tell {
		if err := run(tx, k, func(tx *gorm.DB) error { return f(tx, t) }); err != nil {
			return err
		}
	}
	return nil
}

// won runs the effect of a call that has made the record r of k, and tells of it.
func (r *row) won(tx *gorm.DB, k Key, effect func(tx *gorm.DB) error, tell []Tell) error {
	if err := run(tx, k, effect); err != nil {
		return err
	}
	return r.tell(tx, k, false, tell)
}

// oneWrite runs f, whose one write claims a key. That statement needs no transaction of
// its own unless it is told of.
func oneWrite(ctx context.Context, db *gorm.DB, tell []Tell, f func(tx *gorm.DB) error) error {
	if len(tell) == 0 {
		return txn.Retry(ctx, db, f)
	}
	return txn.Run(ctx, db, f)
}
