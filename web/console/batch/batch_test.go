package batch

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// desk is where batches of tests are kept and gone through.
type desk struct {
	*Memory
	*Runs
}

func newDesk() desk { return desk{NewMemory(time.Now), NewRuns()} }

// someone returns a person whose items are done, each once ended lets it go on.
func (d desk) someone(name string, ended func(order string) error) Person {
	return Person{Name: name, List: d.As(name), Do: func(_ context.Context, order string) (State, string, error) {
		return Done, "by " + name, ended(order)
	}}
}

func (d desk) start(p Person, orders ...string) string {
	id := d.Start(p.Name, "retry", "they are back", orders).ID
	d.Go(p, id, 0)
	return id
}

func (d desk) add(t *testing.T, p Person, id string, s State) Batch {
	t.Helper()
	b, err := p.List.Add(t.Context(), id, Note{State: s})
	require.NoError(t, err)
	return b
}

// resume acts as the page does.
func (d desk) resume(t *testing.T, p Person, id string) {
	t.Helper()
	d.Go(p, id, d.add(t, p, id, Resumed).Turn)
}

// rests waits until no run goes on.
func (d desk) rests(t *testing.T, id string) (Batch, Run) {
	t.Helper()
	require.Eventually(t, func() bool { return !d.Of(id).Active }, time.Minute, time.Millisecond)
	b, err := d.As("").Get(t.Context(), id)
	require.NoError(t, err)
	return b, d.Of(id)
}

func good(string) error { return nil }

func TestARunEndsWithTheSessionOfItsPerson(t *testing.T) {
	t.Parallel()
	d := newDesk()
	id := d.start(d.someone("ann", func(order string) error {
		if order == "2" {
			return ErrEnded
		}
		return nil
	}), "1", "2", "3")
	one, run := d.rests(t, id)
	require.Equal(t, "the session of the person has ended: ann", run.Why)
	require.Equal(t, []Item{{"1", Done, "by ann", "ann"}, {"2", Waiting, "", ""}, {"3", Waiting, "", ""}}, one.Items, "none has failed")

	d.resume(t, d.someone("bob", good), id)
	one, run = d.rests(t, id)
	require.Equal(t, []Item{{"1", Done, "by ann", "ann"}, {"2", Done, "by bob", "bob"}, {"3", Done, "by bob", "bob"}}, one.Items)
	require.Equal(t, []any{"bob", true, Run{}}, []any{one.By, one.Over(), run})
}

func TestAResumeTakesOverWhenTheOrderThatWasBegunHasEnded(t *testing.T) {
	t.Parallel()
	d := newDesk()
	begun, goOn := make(chan string, 3), make(chan error)
	ann := d.someone("ann", func(order string) error { begun <- order; return <-goOn })
	bob := d.someone("bob", func(order string) error { begun <- order; return nil })
	id := d.start(ann, "1", "2")
	require.Equal(t, "1", <-begun)
	require.Equal(t, "1", d.Of(id).Order)
	d.resume(t, bob, id)
	require.Empty(t, begun, "bob waits for ann's order")
	goOn <- nil
	one, _ := d.rests(t, id)
	require.Equal(t, []Item{{"1", Done, "by ann", "ann"}, {"2", Done, "by bob", "bob"}}, one.Items)
}

func TestAStopOfAnotherProcessEndsTheRun(t *testing.T) {
	t.Parallel()
	d := newDesk()
	begun, goOn := make(chan string), make(chan error)
	ann := d.someone("ann", func(order string) error { begun <- order; return <-goOn })
	id := d.start(ann, "1", "2")
	<-begun
	d.add(t, ann, id, Stopped) // the list alone connects them
	goOn <- nil
	one, run := d.rests(t, id)
	require.Equal(t, []any{1, 1, true, ""}, []any{one.Count(Done), one.Count(Waiting), one.Stopped, run.Why})
}

func TestARunStopsWhenAnOutcomeCannotBeKept(t *testing.T) {
	t.Parallel()
	d := newDesk()
	p := d.someone("ann", good)
	p.List = broken{p.List}
	id := d.start(p, "1", "2")
	one, run := d.rests(t, id)
	require.Equal(t, 2, one.Count(Waiting), "the second was not begun")
	require.Equal(t, "the list of the batch is out of reach: the user service is away", run.Why)
}

// broken is a list that keeps no outcome.
type broken struct{ List }

func (broken) Add(context.Context, string, Note) (Batch, error) {
	return Batch{}, errors.New("the user service is away")
}

// TestAListThatHasAnOrderTwiceEnds: no API has looked at a list that is kept in memory.
func TestAListThatHasAnOrderTwiceEnds(t *testing.T) {
	t.Parallel()
	d := newDesk()
	id := d.start(d.someone("ann", good), "1", "1", "2")
	one, _ := d.rests(t, id)
	require.Equal(t, 3, one.Count(Done))
}

func TestAFailureIsOfItsOrderAlone(t *testing.T) {
	t.Parallel()
	d := newDesk()
	id := d.start(d.someone("ann", func(order string) error {
		if order == "1" {
			return errors.New("it is refused")
		}
		return nil
	}), "1", "2")
	one, run := d.rests(t, id)
	require.Equal(t, []Item{{"1", Failed, "it is refused", "ann"}, {"2", Done, "by ann", "ann"}}, one.Items)
	require.Equal(t, Run{}, run)
}

func TestEachItemIsDoneOnce(t *testing.T) {
	t.Parallel()
	d := newDesk()
	var mu sync.Mutex
	times := map[string]int{}
	p := d.someone("ann", func(order string) error {
		mu.Lock()
		defer mu.Unlock()
		times[order]++
		return nil
	})
	id := d.start(p, "1", "2", "3", "4")
	for range 20 {
		d.add(t, p, id, Stopped)
		d.resume(t, p, id)
	}
	one, _ := d.rests(t, id)
	require.True(t, one.Over())
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, map[string]int{"1": 1, "2": 1, "3": 1, "4": 1}, times)
}
