package saga_test

import (
	"cmp"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"
	"pgregory.net/rapid"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// shape is a body: a step, or parts that it takes one after the other or side by side.
type shape struct {
	step     *saga.Step[int, string]
	parallel bool
	parts    []shape
}

// drawShape draws a body that takes each of the steps once.
func drawShape(t *rapid.T, steps []*saga.Step[int, string]) shape {
	if len(steps) == 1 {
		return shape{step: steps[0]}
	}
	s := shape{parallel: rapid.Bool().Draw(t, "parallel")}
	for len(steps) > 0 {
		n := rapid.IntRange(1, max(1, len(steps)-1)).Draw(t, "part")
		s.parts = append(s.parts, drawShape(t, steps[:n]))
		steps = steps[n:]
	}
	return s
}

// String returns the body as its steps, in () if they run side by side.
func (s shape) String() string {
	switch {
	case s.step != nil:
		return s.step.Name
	case s.parallel:
		return fmt.Sprint("(", s.parts, ")")
	}
	return fmt.Sprint(s.parts)
}

// take takes the steps as the shape says.
func (s shape) take(ctx workflow.Context) error {
	if s.step != nil {
		return do(ctx, *s.step, 1)
	}
	if !s.parallel {
		for _, p := range s.parts {
			if err := p.take(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	errs := make([]error, len(s.parts))
	wg := workflow.NewWaitGroup(ctx)
	for i, p := range s.parts {
		wg.Add(1)
		branch := func(ctx workflow.Context) {
			defer wg.Done()
			errs[i] = p.take(ctx)
		}
		if p.step != nil { // both ways to take a step side by side
			promise := saga.Go(ctx, *p.step, 1)
			branch = func(ctx workflow.Context) {
				defer wg.Done()
				_, errs[i] = promise.Get(ctx)
			}
		}
		workflow.Go(ctx, branch)
	}
	wg.Wait(ctx)
	return cmp.Or(errs...)
}

// orders calls before for every two steps of which the first has ended when the
// second starts, whatever happens meanwhile.
func (s shape) orders(before func(first, second string)) {
	for i, p := range s.parts {
		p.orders(before)
		if s.parallel {
			continue
		}
		for _, later := range s.parts[i+1:] {
			for _, a := range p.steps() {
				for _, b := range later.steps() {
					before(a, b)
				}
			}
		}
	}
}

func (s shape) steps() (names []string) {
	if s.step != nil {
		return []string{s.step.Name}
	}
	for _, p := range s.parts {
		names = append(names, p.steps()...)
	}
	return names
}

// For every body, and every reason to abort it: a step that had ended before another
// one started is undone after it, every step is undone once, and a refused step not
// at all.
func TestUndoReversesEveryBody(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(rt *rapid.T) {
		b := setup(t)
		var steps []*saga.Step[int, string]
		plan := []saga.Declared{pay}
		for i := range rapid.IntRange(1, 7).Draw(rt, "steps") {
			name := string(rune('a' + i))
			s := saga.Step[int, string]{Name: name, Queue: name, Kind: saga.Compensatable}
			bind(b.world, b.env, s, "")
			steps, plan = append(steps, &s), append(plan, s)
		}
		body := drawShape(rt, steps)
		b.options.Plan = saga.NewPlan(plan...).OnAbort(sorry)
		b.body = func(ctx workflow.Context) error {
			if err := body.take(ctx); err != nil {
				return err
			}
			return do(ctx, pay, 1)
		}

		at := rapid.SampledFrom(steps).Draw(rt, "at").Name
		how := rapid.SampledFrom([]string{"refused", "bug", "canceled", "pivot refused"}).Draw(rt, "how")
		switch how {
		case "refused":
			b.script[at] = []error{errRefused}
		case "bug":
			b.script[at] = []error{errBug}
		case "canceled":
			b.cancelIn(at)
		case "pivot refused":
			b.script["pay"] = []error{errRefused}
		}
		rt.Logf("body %v, %s at %s", body, how, at)
		require.Equal(rt, saga.Aborted, b.run(t).Phase)

		for _, s := range steps {
			if how == "refused" && s.Name == at {
				require.Zero(rt, b.count(s.Name+".undo"))
				continue
			}
			require.Equal(rt, 1, b.count(s.Name+".undo"), s.Name)
			require.Contains(rt, []string{"undone", "blocked"}, b.states[s.Name], s.Name)
		}
		body.orders(func(first, second string) {
			if b.count(second) > 0 && b.count(second+".undo") > 0 {
				require.Less(rt, b.first(second+".undo"), b.first(first+".undo"), "%s ended before %s started", first, second)
			}
		})
	})
}

// meet makes calls of these activities wait for each other.
func (b *testBundle) meet(activities ...string) {
	left := len(activities)
	all := make(chan struct{})
	for _, a := range activities {
		b.hooks[a] = func() {
			if left--; left == 0 {
				close(all)
			}
			b.mu.Unlock()
			<-all
			b.mu.Lock()
		}
	}
}

func TestParallelBranchesAreUndoneInParallel(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.script["pay"] = []error{errRefused}
	b.meet("seat.undo", "room.undo")
	require.Equal(t, saga.Aborted, b.run(t).Phase)
	require.Less(t, b.first("guide.undo"), min(b.first("seat.undo"), b.first("room.undo")))
}

func TestWhatNeverStartedIsUndoneAtOnce(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.body = func(ctx workflow.Context) error {
		if err := do(ctx, seat, 1); err != nil {
			return err
		}
		return fault.Errorf(fault.Business, "ENOUGH", "")
	}
	b.meet("seat.undo", "room.undo", "guide.undo")
	require.Equal(t, saga.Aborted, b.run(t).Phase)
	require.Equal(t, "seat=undone room=blocked guide=blocked", b.ledger("seat", "room", "guide"))
}
