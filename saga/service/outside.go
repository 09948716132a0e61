package service

import (
	"cmp"
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/saga/once"
)

// Outside is a step whose effect is in an external system. Its methods are what
// [saga.Bind] and [saga.BindPivot] take.
//
// The functions get the step's key as text, for the external system. An error that is no
// [fault.Error] counts as an unknown outcome: the call may have arrived. A fault of kind
// business is the external system's decline, which is recorded and stays.
type Outside[In, Out any] struct {
	// DB has the barrier's ledger, see [Open].
	DB *gorm.DB
	// Same returns the fields that make a request another one, see [barrier.Fingerprint];
	// nil: every request of a key is the same.
	Same func(in In) []string
	// Find asks for the effect of a key that may have been called before. A decline is
	// found, and is a fault of kind business.
	Find func(ctx context.Context, key string) (out Out, found bool, err error)
	// Act makes the effect. A call with a key that has one already must return that one.
	Act func(ctx context.Context, key string, in In) (Out, error)
	// Forbid returns the effect of a key, as Find does, or makes sure that no later call
	// with that key has one.
	Forbid func(ctx context.Context, key string) (out Out, found bool, err error)
	// TakeBack takes back the effect of a key. It succeeds for one that is taken back. nil:
	// the step is a pivot, which is settled and never undone.
	TakeBack func(ctx context.Context, key string) error
	// Record writes the service's own rows of an effect, in the transaction that records
	// the outcome; nil: it has none.
	Record func(tx *gorm.DB, k key.Key, out Out) error
	// Erase writes the service's own rows of the end of an undo, also of an effect that
	// never happened; nil: it has none.
	Erase func(tx *gorm.DB, k key.Key) error
	// Timeout limits each call to the external system; two must fit into the step's
	// start-to-close. 0 is the default, 2 s.
	Timeout time.Duration
}

// defaultTimeout is that of calls; two fit into [saga.Timing.StartToClose].
const defaultTimeout = 2 * time.Second

// answer is the external system's: an outcome or a decline.
type answer[Out any] struct {
	out     Out
	decline *fault.Error
}

// Do makes the effect under k, or returns the recorded outcome or decline.
func (o Outside[In, Out]) Do(ctx context.Context, k key.Key, in In) (Out, error) {
	return o.effect(&in).Do(ctx, k)
}

// Undo takes back the effect of k, or makes sure that it never happens.
func (o Outside[In, Out]) Undo(ctx context.Context, k key.Key) error {
	return o.effect(nil).Undo(ctx, k)
}

// Settle returns the outcome and true if the effect of k happened. Otherwise it makes sure
// that it never does.
func (o Outside[In, Out]) Settle(ctx context.Context, k key.Key) (Out, bool, error) {
	return o.effect(nil).Settle(ctx, k)
}

// effect joins the external system with the ledger; in is nil for an undo or a settle.
func (o Outside[In, Out]) effect(in *In) once.Effect[answer[Out], Out] {
	return once.Effect[answer[Out], Out]{
		Intend: func(ctx context.Context, k key.Key) (ledger.Ticket[Out], error) {
			var same []string
			if o.Same != nil {
				same = o.Same(*in)
			}
			t, err := barrier.Intend[Out](ctx, o.DB, barrier.Call{Key: k, Fingerprint: barrier.Fingerprint(1, same...)}, nil)
			return t, database.Fault(err)
		},
		Find: o.asking(o.Find),
		Act: func(ctx context.Context, k key.Key) (answer[Out], error) {
			a, _, err := o.asking(func(ctx context.Context, key string) (Out, bool, error) {
				out, err := o.Act(ctx, key, *in)
				return out, true, err
			})(ctx, k)
			return a, err
		},
		Refusal: func(a answer[Out]) *fault.Error { return a.decline },
		Refuse: func(ctx context.Context, k key.Key, decline *fault.Error) error {
			return database.Fault(barrier.Refuse(ctx, o.DB, k, decline, nil))
		},
		Conclude: func(ctx context.Context, k key.Key, a answer[Out]) (Out, error) {
			err := barrier.Conclude(ctx, o.DB, k, a.out, func(tx *gorm.DB) error {
				if o.Record == nil {
					return nil
				}
				return o.Record(tx, k, a.out)
			})
			return a.out, database.Fault(err)
		},
		Begin: func(ctx context.Context, k key.Key) (ledger.State, Out, error) {
			entry, err := barrier.BeginUndo[any, Out](ctx, o.DB, k)
			return entry.State, entry.Outcome, database.Fault(err)
		},
		Forbid:   o.asking(o.Forbid),
		TakeBack: o.takeBack,
		End: func(ctx context.Context, k key.Key, to ledger.State) error {
			return database.Fault(barrier.EndUndo(ctx, o.DB, k, to, func(tx *gorm.DB) error {
				if o.Erase == nil {
					return nil
				}
				return o.Erase(tx, k)
			}))
		},
	}
}

// asking makes a question to the external system, within its time.
func (o Outside[In, Out]) asking(
	f func(ctx context.Context, key string) (Out, bool, error),
) func(context.Context, key.Key) (answer[Out], bool, error) {
	return func(ctx context.Context, k key.Key) (answer[Out], bool, error) {
		ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.Timeout, defaultTimeout))
		defer cancel()
		out, found, err := f(ctx, k.String())
		if decline, ok := errors.AsType[*fault.Error](err); ok && decline.Kind == fault.Business {
			return answer[Out]{decline: decline}, true, nil
		}
		return answer[Out]{out: out}, found, unknown(err)
	}
}

func (o Outside[In, Out]) takeBack(ctx context.Context, k key.Key) error {
	if o.TakeBack == nil {
		return fault.Errorf(fault.Bug, fault.Invalid, "%s cannot be taken back: it is a pivot", k)
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.Timeout, defaultTimeout))
	defer cancel()
	return unknown(o.TakeBack(ctx, k.String()))
}

// unknown returns the error of a call that may have arrived.
func unknown(err error) error {
	if err == nil {
		return nil
	}
	if _, known := errors.AsType[*fault.Error](err); known {
		return err
	}
	return fault.Wrap(err, fault.Unknown, fault.Timeout, "the external system gave no answer")
}
