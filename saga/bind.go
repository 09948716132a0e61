package saga

import (
	"context"
	"slices"

	"go.temporal.io/sdk/activity"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
)

// Registry is where steps are registered: a Temporal worker or the test environment,
// which call them as activities, or [Steps].
type Registry interface {
	RegisterActivityWithOptions(a any, options activity.RegisterOptions)
}

// call is the argument of every activity of a step.
type call[In any] struct {
	Key   Key `json:"key"`
	Input In  `json:"input"`
	// Untried is set for the settle of a pivot that has never started: see [key.Never].
	Untried bool `json:"untried,omitempty"`
	policy
}

// policy lists the failures that end a call; the engine retries all others.
type policy struct {
	// Parked is set when the kernel has flagged the step and tries without limit:
	// then only the kinds in Ends end the call. Otherwise every kind ends it that
	// retrying cannot mend.
	Parked bool         `json:"parked,omitempty"`
	Ends   []fault.Kind `json:"ends,omitempty"`
}

func (p policy) ends(k fault.Kind) bool {
	if p.Parked {
		return slices.Contains(p.Ends, k)
	}
	return k == fault.Business || k == fault.Suspension || k == fault.Bug
}

// answer is the result of every activity of a step.
type answer[Out any] struct {
	Output   Out  `json:"output"`
	Happened bool `json:"happened,omitempty"` // of a settle only
	Attempts int  `json:"attempts"`
}

// Bind registers a step's do, and its undo if the step is [Compensatable]; for every
// other kind undo is nil. Both may be called any number of times with the same key,
// in any order: do returns the recorded outcome of the key, or a fault of kind
// Suspension once the key is undone; undo of a step that was never done succeeds
// and blocks the key. Package saga/barrier does this for a service. Undo gets no
// input: the service keeps the data that it needs.
//
// Bind panics if a compensatable step has no undo, another kind has one, or the
// step is a [Pivot].
func Bind[In, Out any](r Registry, s Step[In, Out], do func(context.Context, Key, In) (Out, error), undo func(context.Context, Key) error) {
	if s.Kind == Pivot {
		panic("saga: " + s.Name + " is a pivot: use BindPivot")
	}
	if (s.Kind == Compensatable) != (undo != nil) {
		panic("saga: " + s.Name + ": exactly the compensatable steps have an undo")
	}
	register(r, doing, s.Name, func(ctx context.Context, c call[In]) (answer[Out], error) {
		out, err := do(ctx, c.Key, c.Input)
		return answer[Out]{Output: out}, err
	})
	if undo != nil {
		register(r, undoing, s.Name, func(ctx context.Context, c call[None]) (answer[None], error) {
			return answer[None]{}, undo(ctx, c.Key)
		})
	}
}

// BindPivot registers a pivot's do and its settle. Settle returns the outcome and
// true if do happened under the key; otherwise it blocks the key forever and returns
// false. If it cannot tell it returns an error, never a guess. Its context tells whether do
// may have been tried, see [key.TriedOf]; a call by [Steps] does not say so. BindPivot panics if
// the step is not a [Pivot].
func BindPivot[In, Out any](r Registry, s Step[In, Out], do func(context.Context, Key, In) (Out, error), settle func(context.Context, Key) (Out, bool, error)) {
	if s.Kind != Pivot {
		panic("saga: " + s.Name + " is not a pivot: use Bind")
	}
	register(r, doing, s.Name, func(ctx context.Context, c call[In]) (answer[Out], error) {
		out, err := do(ctx, c.Key, c.Input)
		return answer[Out]{Output: out}, err
	})
	register(r, settling, s.Name, func(ctx context.Context, c call[None]) (answer[Out], error) {
		tried := key.Maybe
		if c.Untried {
			tried = key.Never
		}
		out, happened, err := settle(key.WithTried(ctx, tried), c.Key)
		return answer[Out]{Output: out, Happened: happened}, err
	})
}

// verb says which of a step's functions is meant.
type verb string

const (
	doing    verb = "do"
	undoing  verb = "undo"
	settling verb = "settle"
)

// of returns the name of the activity.
func (v verb) of(step string) string {
	switch v {
	case undoing:
		return undoName(step)
	case settling:
		return settleName(step)
	default:
		return doName(step)
	}
}

// bound is a function of a step, for every registry alike.
type bound[In, Out any] func(context.Context, call[In]) (answer[Out], error)

func register[In, Out any](r Registry, v verb, step string, f bound[In, Out]) {
	f = f.traced(v)
	if s, ok := r.(*Steps); ok {
		s.add(v, step, f.byJSON(step))
		return
	}
	r.RegisterActivityWithOptions(f.asActivity(), activity.RegisterOptions{Name: v.of(step)})
}

// asActivity returns f as an activity, which counts its attempts, tells its progress and
// translates its errors.
func (f bound[In, Out]) asActivity() func(context.Context, call[In]) (answer[Out], error) {
	return func(ctx context.Context, c call[In]) (answer[Out], error) {
		info := activity.GetInfo(ctx)
		attempt := int(info.Attempt)
		ctx, pulse := pulsing(ctx)
		a, err := f(ctx, c)
		if err != nil {
			if fault.CodeOf(err) == fault.Internal {
				activity.GetLogger(ctx).Error("step failed", "key", c.Key.String(), "error", err)
			}
			return answer[Out]{}, encode(err, c.Key, c.policy, details{Attempts: attempt, Progress: pulse.reached()}, info.IsLocalActivity)
		}
		a.Attempts = attempt
		return a, nil
	}
}
