// Package once makes an effect in an external system happen once: intent → call →
// outcome, where no transaction reaches from the service's database to the external
// system.
//
// The intent is committed with the step's key before the call, so that a later
// attempt, or an undo, knows that the call may have been made. The external system
// remembers the key: an attempt that finds an intent asks by the key before it calls
// again. The outcome is committed after the call.
//
// Undo and settle are the same from the other side. An intent is the only state in which
// the external system may know more than the ledger: then the key is forbidden there, and
// its answer decides.
//
// [Effect] is for a step that makes one call. The shipping service makes one call per
// parcel and follows the same sequence by hand, recording each outcome as it comes.
package once

import (
	"context"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
)

// Effect is how a service makes one kind of effect: it records in its own
// database, and asks and calls the external system. Answer is what the external
// system says of an effect, Out the outcome of the step.
type Effect[Answer, Out any] struct {
	// Intend records that the call may be made. It fails with the recorded refusal,
	// and with SUSPENDED if the step was undone or blocked.
	Intend func(ctx context.Context, k key.Key) (ledger.Ticket[Out], error)
	// Find asks the external system for the effect of an earlier attempt.
	Find func(ctx context.Context, k key.Key) (a Answer, found bool, err error)
	// Act makes the call.
	Act func(ctx context.Context, k key.Key) (Answer, error)
	// Refusal returns why the external system declined for good; nil: it did not.
	Refusal func(a Answer) *fault.Error
	// Refuse records the refusal.
	Refuse func(ctx context.Context, k key.Key, refusal *fault.Error) error
	// Conclude records the outcome. It fails with SUSPENDED if the step was undone or
	// blocked meanwhile.
	Conclude func(ctx context.Context, k key.Key, a Answer) (Out, error)

	// Begin returns the state of the step when its undo or settle begins, and the outcome
	// of one that is done. It blocks a key without a record.
	Begin func(ctx context.Context, k key.Key) (ledger.State, Out, error)
	// Forbid returns the effect of k, or makes sure that it will never have one.
	Forbid func(ctx context.Context, k key.Key) (a Answer, found bool, err error)
	// TakeBack takes back the effect of k. It succeeds for one that is taken back.
	TakeBack func(ctx context.Context, k key.Key) error
	// End records the end of an undo or a settle: undone, or blocked. To block a step fails
	// as transient if it has happened meanwhile.
	End func(ctx context.Context, k key.Key, to ledger.State) error
}

// Do makes the effect under k and returns its outcome. A repeat returns the recorded
// outcome or refusal. An error of any part ends the attempt and is returned as it is;
// the next attempt continues from what is recorded.
func (e Effect[Answer, Out]) Do(ctx context.Context, k key.Key) (Out, error) {
	var none Out
	ticket, err := e.Intend(ctx, k)
	switch {
	case err != nil:
		return none, err
	case ticket.Done:
		return ticket.Outcome, nil
	}
	answer, err := e.ensure(ctx, k, ticket.Repeat)
	if err != nil {
		return none, err
	}
	refusal := e.Refusal(answer)
	if refusal == nil {
		return e.Conclude(ctx, k, answer)
	}
	if err := e.Refuse(ctx, k, refusal); err != nil {
		return none, err
	}
	return none, refusal
}

// ensure returns the effect that an earlier attempt has made, or makes it.
func (e Effect[Answer, Out]) ensure(ctx context.Context, k key.Key, ask bool) (Answer, error) {
	if ask {
		answer, found, err := e.Find(ctx, k)
		if err != nil || found {
			return answer, err
		}
	}
	return e.Act(ctx, k)
}
