package continued_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// way is how a saga continues from a cut.
type way struct {
	name     string
	undo     bool
	update   bool // the request to cancel is an update, else the engine's
	underWay bool // the old worker has made the scheduled attempts, their answers are on the way
}

var everyWay = flag.Bool("every-way", false, "go into undo in every way, not only in two")

var ways = []way{
	{name: "goes on"},
	{name: "is cancelled by the engine before anything scheduled has run", undo: true},
	{name: "is cancelled by the customer while what is scheduled takes effect", undo: true, update: true, underWay: true},
}

var otherWays = []way{
	{name: "is cancelled by the engine while what is scheduled takes effect", undo: true, underWay: true},
	{name: "is cancelled by the customer before anything scheduled has run", undo: true, update: true},
}

// Today's code continues every golden history, cut at every workflow task, forward
// and into undo, to the right end.
//
//nolint:tparallel // the group waits for its parallel tests, because the figures come last
func TestEverySagaInFlightEndsRight(t *testing.T) {
	t.Parallel()

	files := histories(t, false)
	ways := ways
	if *everyWay {
		ways = append(slices.Clone(ways), otherWays...)
	}
	lanes := make(chan *lane, runtime.GOMAXPROCS(0))
	for range cap(lanes) {
		lanes <- newLane(t)
	}
	var figures struct{ histories, tasks, cuts, continuations, worlds, wrong atomic.Int64 }
	began := time.Now()
	t.Run("golden", func(t *testing.T) {
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
				t.Parallel()
				g, err := loadGolden(file)
				require.NoError(t, err)
				l := <-lanes
				defer func() { lanes <- l }()
				g.destiny, err = l.foresee(t.Context(), g)
				require.NoError(t, err)

				cuts := g.cuts()
				for _, c := range cuts {
					for _, w := range ways {
						figures.continuations.Add(1)
						worlds, err := l.continueFrom(t.Context(), c, w)
						figures.worlds.Add(int64(worlds))
						if err != nil {
							figures.wrong.Add(1)
							t.Errorf("%s, and it %s:\n%v", c, w.name, err)
						}
					}
				}
				// The cuts are counted in the text of the file, so that none is
				// left out silently: two for each task, except that nothing
				// follows the last one.
				tasks, err := tasksIn(file)
				require.NoError(t, err)
				require.Len(t, cuts, 2*tasks-1)
				figures.histories.Add(1)
				figures.tasks.Add(int64(tasks))
				figures.cuts.Add(int64(len(cuts)))
			})
		}
	})
	fmt.Fprintf(os.Stdout, "%d histories, %d workflow tasks, %d cuts, %d continuations in %d worlds, %d wrong, in %.1f s\n",
		figures.histories.Load(), figures.tasks.Load(), figures.cuts.Load(), figures.continuations.Load(), figures.worlds.Load(),
		figures.wrong.Load(), time.Since(began).Seconds())
	require.Equal(t, int64(len(ways))*figures.cuts.Load(), figures.continuations.Load())
}

// continueFrom continues a saga in every world that its history may have been
// recorded in, and returns the number of worlds.
func (l *lane) continueFrom(ctx context.Context, c cut, w way) (worlds int, err error) {
	befores := []earlier{theyEnded}
	if c.resumes() || slices.ContainsFunc(c.events, isReset) || slices.ContainsFunc(c.events, isLost) {
		befores = append(befores, theyHeld, theyHung, theyStopped)
	}
	var wrong, other []error
	for _, before := range befores {
		err := l.rebuild(ctx, c, before)
		if errors.Is(err, errAnotherWorld) {
			other = append(other, err)
			continue
		}
		if err != nil {
			return worlds, err
		}
		worlds++
		e, err := l.continued(ctx, c, w)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%w\n(%s)\n%s", err, before, e))
		}
	}
	if worlds == 0 {
		return 0, errors.Join(other...)
	}
	return worlds, errors.Join(wrong...)
}

// continued takes a saga to its end and judges it.
func (l *lane) continued(ctx context.Context, c cut, w way) (*engine, error) {
	right, err := l.right(ctx, c, w.undo)
	if err != nil {
		return nil, err
	}
	e := c.resume(l, "continued")
	if w.underWay {
		if err := e.underWay(); err != nil {
			return e, err
		}
	}
	switch {
	case w.update:
		request, err := update(cancelAtCut, saga.UpdateCancel, saga.CancelRequest{Saga: c.input.OrderID})
		if err != nil {
			return e, err
		}
		e.ask(request)
	case w.undo:
		e.ask(nil)
	}
	if err := e.finish(ctx); err != nil {
		return e, err
	}
	return e, l.judge(ctx, e, c, right, w.update)
}

// cancelAtCut is the id of the update that asks to cancel at the cut. It differs
// from the customer's, which a history may contain.
const cancelAtCut = "cancel-at-the-cut"

// judge returns every fault of a saga that has ended.
func (l *lane) judge(ctx context.Context, e *engine, c cut, right []ending, asked bool) error {
	var v workflows.OrderView
	if err := decode(e.result, &v); err != nil {
		return err
	}
	record, err := l.shop.Orders.Get(ctx, c.input.OrderID)
	if err != nil {
		return err
	}
	var problems []error
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !slices.Contains(right, ending{v.Status, v.Reason}) {
		wrong("it ends %s, right is %v", ending{v.Status, v.Reason}, right)
	}
	if record.Status != v.Status || record.Reason != v.Reason {
		wrong("the record says %s %s, the workflow %s %s", record.Status, record.Reason, v.Status, v.Reason)
	}
	// A bug needs a person, even if something else decided the order.
	if bug := v.Reason == order.Internal || c.past().bug; v.NeedsAttention != bug {
		wrong("that it needs attention in the end is %t: %+v", v.NeedsAttention, v.Attention)
	}
	for _, s := range v.Steps {
		if s.Exposure != "" {
			wrong("%s still owes %s", s.Name, s.Exposure)
		}
	}
	if asked {
		switch p := e.outcomes[cancelAtCut]; {
		case p == nil:
			wrong("the customer who cancels gets no answer")
		case v.Status == order.Confirmed && p.outcome.GetFailure() == nil:
			wrong("the customer is told that an order is cancelled which is confirmed")
		}
	}
	return errors.Join(append(problems, l.shop.Check(ctx))...)
}

// String lists the history of a run, for debugging.
func (e *engine) String() string {
	if e == nil {
		return ""
	}
	text := ""
	names := map[int64]string{}
	for _, event := range e.events {
		id := event.GetEventId()
		if a := event.GetActivityTaskScheduledEventAttributes(); a != nil {
			names[id] = a.GetActivityType().GetName()
			text += fmt.Sprintf("  %d %s %s\n", id, event.GetEventType(), names[id])
		} else {
			text += fmt.Sprintf("  %d %s %s\n", id, event.GetEventType(), names[activityEnd(event)])
		}
	}
	return text
}
