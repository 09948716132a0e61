package saga

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"go.temporal.io/sdk/activity"

	"github.com/amends/amends/fault"
)

// Steps is a [Registry] of steps that are called by name, without the engine. The key
// of a call names the step; inputs and outputs are JSON, the same as in an activity.
// Registration must end before the first call.
type Steps struct {
	calls map[verb]map[string]byJSON
}

// byJSON is a [bound] function without its types.
type byJSON func(ctx context.Context, k Key, input []byte) (output []byte, happened bool, err error)

// NewSteps returns a registry without steps.
func NewSteps() *Steps { return &Steps{calls: map[verb]map[string]byJSON{}} }

// RegisterActivityWithOptions implements [Registry]. It panics: an activity that is not
// bound by [Bind] or [BindPivot] is no step.
func (*Steps) RegisterActivityWithOptions(_ any, o activity.RegisterOptions) {
	panic("saga: the activity " + o.Name + " is no step")
}

// add panics if the step has the function already, as a Temporal worker does.
func (s *Steps) add(v verb, step string, f byJSON) {
	if s.calls[v] == nil {
		s.calls[v] = map[string]byJSON{}
	}
	step = doName(step)
	if s.calls[v][step] != nil {
		panic("saga: the " + string(v) + " of " + step + " is bound twice")
	}
	s.calls[v][step] = f
}

// Names returns the names of all steps, sorted.
func (s *Steps) Names() []string { return slices.Sorted(maps.Keys(s.calls[doing])) }

// Do takes the step, or returns the recorded output of its key. Its error is the
// step's; see [Bind].
func (s *Steps) Do(ctx context.Context, k Key, input []byte) (output []byte, err error) {
	output, _, err = s.call(ctx, doing, k, input)
	return output, err
}

// Undo undoes a compensatable step, or blocks its key; see [Bind].
func (s *Steps) Undo(ctx context.Context, k Key) error {
	_, _, err := s.call(ctx, undoing, k, none)
	return err
}

// Settle returns the output of a pivot that happened under the key, or blocks the key and
// returns the JSON of no output; see [BindPivot].
func (s *Steps) Settle(ctx context.Context, k Key) (output []byte, happened bool, err error) {
	return s.call(ctx, settling, k, none)
}

// none is the JSON of [None].
var none = []byte("{}")

func (s *Steps) call(ctx context.Context, v verb, k Key, input []byte) (output []byte, happened bool, err error) {
	if k.Saga == "" || k.Generation < 0 {
		return nil, false, fault.Errorf(fault.Bug, fault.Invalid, "%s is no key of a step", k)
	}
	f := s.calls[v][doName(k.Step)]
	if f == nil {
		return nil, false, fault.Errorf(fault.Bug, fault.Internal, "no service of this process can %s the step %q", v, k.Step)
	}
	return f(ctx, k, input)
}

func (f bound[In, Out]) byJSON(step string) byJSON {
	return func(ctx context.Context, k Key, input []byte) (output []byte, happened bool, err error) {
		c := call[In]{Key: k}
		if err := json.Unmarshal(input, &c.Input); err != nil {
			return nil, false, fault.Wrap(err, fault.Bug, fault.Invalid, "the input of "+step+" has another form")
		}
		a, err := f(ctx, c)
		if err != nil {
			return nil, false, err
		}
		output, err = json.Marshal(a.Output)
		if err != nil { // as in an activity, after the effect
			return nil, false, fault.Wrap(err, fault.Bug, fault.Internal, "the output of "+step+" has no JSON")
		}
		return output, a.Happened, nil
	}
}
