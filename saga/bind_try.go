package saga

import (
	"context"
	"encoding/json"

	"github.com/amends/amends/fault"
)

// Participant does the steps of a service by name. [Steps] does those of this process,
// and a client of package saga/participant those of another one.
type Participant interface {
	// Do takes the step that the key names, see [Steps.Do].
	Do(ctx context.Context, k Key, input []byte) (output []byte, err error)
}

// BindTry registers the first try of a step for express sagas, see [Options.Express], on
// the worker that runs their workflow. The try calls the step's service through p, under
// the same key as every other attempt. A worker that runs the step itself does not need
// it: [Bind] registers the same.
func BindTry[In, Out any](r Registry, s Step[In, Out], p Participant) {
	register(r, doing, s.Name, func(ctx context.Context, c call[In]) (a answer[Out], err error) {
		input, err := json.Marshal(c.Input)
		if err != nil {
			return a, fault.Wrap(err, fault.Bug, fault.Internal, "the input of "+s.Name+" has no JSON")
		}
		output, err := p.Do(ctx, c.Key, input)
		if err != nil {
			return a, err //nolint:wrapcheck // it is the step's
		}
		if err := json.Unmarshal(output, &a.Output); err != nil {
			return a, fault.Wrap(err, fault.Bug, fault.Invalid, "the output of "+s.Name+" has another form")
		}
		return a, nil
	})
}
