package barrier

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/txn"
)

// Do runs effect once for c.Key, in one transaction with its record, and returns
// its outcome. A repeat returns the recorded outcome and runs nothing. A fault of
// kind business from effect is a refusal: its writes are rolled back, it is
// recorded, and every repeat returns it with the same code and message. Do fails
// with SUSPENDED once the key is undone or blocked, and with REQUEST_MISMATCH for
// another request under the same key.
//
// The outcome must survive JSON: a repeat decodes it from the record.
func Do[Out any](ctx context.Context, db *gorm.DB, c Call, effect func(tx *gorm.DB) (Out, error), tell ...Tell) (Out, error) {
	var out Out
	var refusal *fault.Error
	var answer *row // of a repeat
	err := c.transact(ctx, db, func(tx *gorm.DB, first bool) (err error) {
		out, refusal, answer = *new(Out), nil, nil
		if !first {
			answer, err = again(tx, c, tell)
			return err
		}
		err = attempt(c.Key, func() (err error) { out, err = effect(tx); return err }, &refusal)
		if err != nil {
			return err
		}
		return finish(tx, c.Key, out, tell)
	})
	if refusal != nil {
		answer, err = keep(ctx, db, c, refusal, tell)
	}
	switch {
	case err != nil:
		return *new(Out), err
	case answer != nil:
		return recorded[Out](answer, c)
	}
	return out, nil
}

// recorded returns the answer of r to a repeated Do.
func recorded[Out any](r *row, c Call) (out Out, err error) {
	if err := r.repeat(c); err != nil {
		return out, err
	}
	if r.State != Done { // a step with an external effect: it goes through Intend
		return out, impossible(c.Key, r, "do inside")
	}
	return decode[Out](r.Outcome)
}

// Undo takes back the effect of [Do] under k: it runs effect once with the recorded
// outcome. If Do did not happen it blocks the key, so that a late Do fails. For a
// key that is refused, undone or blocked it does nothing. It waits for a Do that is
// still open.
func Undo[Out any](ctx context.Context, db *gorm.DB, k Key, effect func(tx *gorm.DB, out Out) error, tell ...Tell) error {
	return txn.Run(ctx, db, func(tx *gorm.DB) error {
		first, err := block(tx, k, tell)
		if err != nil || first {
			return err
		}
		r, err := find(locked(tx), k)
		switch {
		case err != nil:
			return err
		case r == nil || r.State == Intent:
			return impossible(k, r, "undo inside")
		case r.State != Done:
			return r.tell(tx, k, true, tell)
		}
		out, err := decode[Out](r.Outcome)
		if err != nil {
			return err
		}
		won, err := change(txn.Queue(tx, 1), k, &row{State: Undone}, Done)
		if err != nil {
			return err
		}
		if !won {
			return fault.Errorf(fault.Bug, fault.Conflict, "%s was changed although it is locked", k)
		}
		r.State = Undone
		return r.won(tx, k, func(tx *gorm.DB) error { return effect(tx, out) }, tell)
	})
}

// Settle returns the outcome of [Do] and true if it happened under k. Otherwise it
// blocks the key, so that it never happens, and returns false; so it does for a key
// that is undone. A repeat returns the same.
func Settle[Out any](ctx context.Context, db *gorm.DB, k Key, tell ...Tell) (out Out, happened bool, err error) {
	err = oneWrite(ctx, db, tell, func(tx *gorm.DB) error {
		out, happened = *new(Out), false
		first, err := block(tx, k, tell)
		if err != nil || first {
			return err
		}
		r, err := find(tx, k)
		switch {
		case err != nil:
			return err
		case r == nil || r.State == Intent:
			return impossible(k, r, "settle inside")
		case r.State == Done:
			if out, err = decode[Out](r.Outcome); err != nil {
				return err
			}
			happened = true
		}
		return r.tell(tx, k, true, tell)
	})
	if err != nil {
		return *new(Out), false, err
	}
	return out, happened, nil
}
