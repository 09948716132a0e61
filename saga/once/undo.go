package once

import (
	"context"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
)

// Undo takes back the effect of k, or makes sure that it never happens. An error of any
// part ends the attempt and is returned as it is; a repeat continues from what is recorded.
func (e Effect[Answer, Out]) Undo(ctx context.Context, k key.Key) error {
	state, _, err := e.Begin(ctx, k)
	switch {
	case err != nil:
		return err
	case state == ledger.Done:
		return e.takeBack(ctx, k)
	case state == ledger.Undone, state == ledger.Refused:
		return nil
	default: // Intent, Blocked
		return e.undoUncertain(ctx, k, state)
	}
}

// undoUncertain takes back an effect that only the external system knows about. A blocked
// key should have none, because no call is made without an intent. It is forbidden all the
// same, and an effect found there is taken back: should the database ever lose a committed
// intent, nothing stays behind for it.
func (e Effect[Answer, Out]) undoUncertain(ctx context.Context, k key.Key, state ledger.State) error {
	answer, found, err := e.Forbid(ctx, k)
	switch {
	case err != nil:
		return err
	case !found && state == ledger.Intent:
		return e.End(ctx, k, ledger.Blocked)
	case !found:
		return nil
	}
	refusal := e.Refusal(answer)
	if refusal != nil && state == ledger.Intent {
		return again(e.Refuse(ctx, k, refusal), func() error { return e.Undo(ctx, k) })
	}
	switch {
	case state == ledger.Blocked && refusal != nil:
		return nil //nolint:nilerr // it was declined, so nothing stays behind
	case state == ledger.Blocked:
		return e.TakeBack(ctx, k)
	}
	return e.takeBack(ctx, k)
}

func (e Effect[Answer, Out]) takeBack(ctx context.Context, k key.Key) error {
	if err := e.TakeBack(ctx, k); err != nil {
		return err
	}
	return e.End(ctx, k, ledger.Undone)
}

// Settle returns the outcome of k and true if its effect happened. Otherwise it makes sure
// that it never does, and returns false. Without an intent it does not ask the external
// system, because no call was made. Errors are as for [Effect.Undo]: never a guess.
func (e Effect[Answer, Out]) Settle(ctx context.Context, k key.Key) (Out, bool, error) {
	var none Out
	state, out, err := e.Begin(ctx, k)
	switch {
	case err != nil:
		return none, false, err
	case state != ledger.Intent:
		return out, state == ledger.Done, err
	}
	answer, found, err := e.Forbid(ctx, k)
	switch {
	case err != nil:
		return none, false, err
	case !found:
		return none, false, e.End(ctx, k, ledger.Blocked)
	}
	if refusal := e.Refusal(answer); refusal != nil {
		return none, false, again(e.Refuse(ctx, k, refusal), func() error { _, _, err := e.Settle(ctx, k); return err })
	}
	out, err = e.Conclude(ctx, k, answer)
	return out, err == nil, err
}

// again repeats an undo that has recorded a refusal, or met another undo: so its end is told.
func again(err error, undo func() error) error {
	if err != nil && fault.KindOf(err) != fault.Suspension {
		return err
	}
	return undo()
}
