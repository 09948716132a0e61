package barrier

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/saga/barrier/txn"
)

// Do runs effect once for c.Key, in one transaction with its record, and returns
// its outcome. A repeat returns the recorded outcome and runs nothing. A fault of
// kind business from effect is a refusal: its writes are rolled back, it is
// recorded, and every repeat returns it with the same code and message. After
// [Undo] or [Settle] the answer is SUSPENDED; to another request under the same
// key, REQUEST_MISMATCH.
//
// What effect returns must survive JSON: a repeat gets it from there.
func Do[Out any](ctx context.Context, db *gorm.DB, c Call, effect func(tx *gorm.DB) (Out, error)) (Out, error) {
	var out Out
	var refusal error
	err := txn.Run(ctx, db, func(tx *gorm.DB) error {
		out, refusal = *new(Out), nil
		first, err := insert(tx, c, Intent) // nobody sees the intent: it commits as done or refused
		if err != nil {
			return err
		}
		if !first {
			out, err = recorded[Out](tx, c)
			return err
		}
		refusal, err = attempt(tx, c.Key, func(tx *gorm.DB) (err error) {
			out, err = effect(tx)
			return err
		})
		if err != nil || refusal != nil {
			return err
		}
		outcome, err := encode(out)
		if err != nil {
			return err
		}
		_, err = change(tx, c.Key, row{State: Done, Outcome: outcome}, Intent)
		return err
	})
	if err == nil {
		err = refusal
	}
	if err != nil {
		return *new(Out), err
	}
	return out, nil
}

// recorded returns what a repeated Do gets.
func recorded[Out any](tx *gorm.DB, c Call) (out Out, err error) {
	r, err := find(tx, c.Key)
	switch {
	case err != nil:
		return out, err
	case r == nil:
		return out, impossible(c.Key, r, "repeat")
	}
	if err := r.repeat(c); err != nil {
		return out, err
	}
	if r.State != Done { // the step of an outside effect: it goes through Intend
		return out, impossible(c.Key, r, "do inside")
	}
	return decode[Out](r.Outcome)
}

// Undo takes back what [Do] did under k: it runs effect once with the recorded
// outcome. If nothing happened it blocks the key, so that a late Do is refused.
// If k was refused, undone or blocked there is nothing to do. A Do that is still
// open is waited for.
func Undo[Out any](ctx context.Context, db *gorm.DB, k Key, effect func(tx *gorm.DB, out Out) error) error {
	return txn.Run(ctx, db, func(tx *gorm.DB) error {
		first, err := insert(tx, Call{Key: k}, Blocked)
		if err != nil || first {
			return err
		}
		r, err := find(tx, k)
		switch {
		case err != nil:
			return err
		case r == nil || r.State == Intent:
			return impossible(k, r, "undo inside")
		case r.State != Done:
			return nil
		}
		out, err := decode[Out](r.Outcome)
		if err != nil {
			return err
		}
		won, err := change(tx, k, row{State: Undone}, Done)
		if err != nil || !won { // lost to another undo, which has taken it back
			return err
		}
		return run(tx, k, func(tx *gorm.DB) error { return effect(tx, out) })
	})
}

// Settle learns whether [Do] happened under k, and its outcome; if it has not, it
// never will: the key is blocked. A repeat answers the same. What was undone
// counts as not happened.
func Settle[Out any](ctx context.Context, db *gorm.DB, k Key) (out Out, happened bool, err error) {
	err = txn.Run(ctx, db, func(tx *gorm.DB) error {
		out, happened = *new(Out), false
		first, err := insert(tx, Call{Key: k}, Blocked)
		if err != nil || first {
			return err
		}
		r, err := find(tx, k)
		switch {
		case err != nil:
			return err
		case r == nil || r.State == Intent:
			return impossible(k, r, "settle inside")
		case r.State != Done:
			return nil
		}
		happened = true
		out, err = decode[Out](r.Outcome)
		return err
	})
	if err != nil {
		return *new(Out), false, err
	}
	return out, happened, nil
}
