// Package gather makes one answer of the answers of several services, which it asks at
// the same time. Which parts the answer cannot do without, and how long each may take, is
// data: a [Policy] for each part.
package gather

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
)

// Policy is the rule for one part of an answer.
type Policy struct {
	// Required parts fail the whole answer, and the other parts are then given up. Others
	// are missing if they fail.
	Required bool
	// Within is how long the part may take; 0: as long as the request.
	Within time.Duration
	// After is the part that must be there before this one is asked for; "": none. A part
	// behind a missing one is missing too, with the same code.
	After string
}

// Part is one part of an answer. Its policy is the one of its name.
type Part struct {
	Name string
	ask  func(context.Context) (keep func(), err error)
}

// Of returns a part that ask reads, and keep puts into the answer. ask runs beside those of
// other parts; keep never does, nor after [Gather] has returned, so it needs no lock.
func Of[T any](name string, ask func(context.Context) (T, error), keep func(T)) Part {
	return Part{name, func(ctx context.Context) (func(), error) {
		v, err := ask(ctx)
		return func() { keep(v) }, err
	}}
}

// Missing is a part that did not answer, and the code of its problem.
type Missing struct {
	Part string
	Code fault.Code
}

// answer is that of one part.
type answer struct {
	part string
	keep func()
	err  error
}

// ErrBroken marks errors of this program, which none may hide: no part by being optional.
var ErrBroken = errors.New("the program is wrong")

// Gather asks for all parts, and returns those that are missing, by name. Its error is that
// of a required part, or of ctx, or an error of this program: a part that panics or has no
// policy.
func Gather(ctx context.Context, policies map[string]Policy, parts ...Part) ([]Missing, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan answer, len(parts)) // so that no part waits for a reader that has left
	start := func(after string, err error) {
		for _, p := range parts {
			switch rule, ok := policies[p.Name]; {
			case !ok:
				answers <- answer{part: p.Name, err: fmt.Errorf("part %s has no policy: %w", p.Name, ErrBroken)}
			case rule.After != after:
			case err != nil:
				answers <- answer{part: p.Name, err: err}
			default:
				go func() { answers <- p.within(ctx, rule.Within) }()
			}
		}
	}
	start("", nil)
	var missing []Missing
	for range parts {
		a := <-answers
		switch {
		case a.err == nil:
			a.keep()
		case policies[a.part].Required, ctx.Err() != nil, errors.Is(a.err, ErrBroken):
			return nil, a.err
		default:
			missing = append(missing, Missing{a.part, codeOf(a.err)})
		}
		start(a.part, a.err)
	}
	slices.SortFunc(missing, func(a, b Missing) int { return cmp.Compare(a.Part, b.Part) })
	return missing, nil
}

// within asks for the part, and stops waiting for it when its time is over: a client of a
// service that overlooks its context must not hold the answer.
func (p Part) within(ctx context.Context, d time.Duration) answer {
	if d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	done := make(chan answer, 1)
	go func() {
		var keep func()
		err := Guard(func() (err error) {
			keep, err = p.ask(ctx)
			return err
		})()
		done <- answer{p.Name, keep, err}
	}()
	select {
	case a := <-done:
		return a
	case <-ctx.Done():
		return answer{part: p.Name, err: context.Cause(ctx)}
	}
}

// codeOf returns the code that clients see for a part that is missing.
func codeOf(err error) fault.Code {
	switch fault.KindOf(err) {
	case fault.Transient, fault.Unknown: // a question changes nothing, so its outcome does not matter
		return fault.Unavailable
	default:
		return problem.Of(err).Code
	}
}
