package batch

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// someone returns a person whose items are done, each once ended lets it go on.
func someone(name string, ended func(order string) error) Person {
	return Person{Name: name, Do: func(_ context.Context, order string) (State, string, error) {
		return Done, "by " + name, ended(order)
	}}
}

func until(t *testing.T, b *Batches, id string, is func(Batch) bool) Batch {
	t.Helper()
	require.Eventually(t, func() bool {
		one, ok := b.Get(id)
		return ok && is(one)
	}, time.Minute, time.Millisecond)
	one, _ := b.Get(id)
	return one
}

func stopped(b Batch) bool { return b.Stopped && b.Count(Running) == 0 }

func TestABatchStopsWithTheSessionOfItsPerson(t *testing.T) {
	t.Parallel()
	b := New(time.Now)
	id := b.Start(someone("ann", func(order string) error {
		if order == "2" {
			return ErrEnded
		}
		return nil
	}), "retry", "they are back", []string{"1", "2", "3"})
	one := until(t, b, id, stopped)
	require.Equal(t, "the session of the person has ended: ann", one.Why)
	require.Equal(t, []Item{{"1", Done, "by ann", "ann"}, {"2", Waiting, "", ""}, {"3", Waiting, "", ""}}, one.Items, "none has failed")

	b.Resume(id, someone("bob", func(string) error { return nil }))
	one = until(t, b, id, Batch.Over)
	require.Equal(t, []Item{{"1", Done, "by ann", "ann"}, {"2", Done, "by bob", "bob"}, {"3", Done, "by bob", "bob"}}, one.Items)
	require.Equal(t, "bob", one.By)
	require.Empty(t, one.Why)
	require.False(t, one.Stopped)
}

func TestAResumeTakesOverAStoppedBatchOnly(t *testing.T) {
	t.Parallel()
	b := New(time.Now)
	begun, goOn := make(chan string, 3), make(chan error)
	ann := someone("ann", func(order string) error { begun <- order; return <-goOn })
	bob := someone("bob", func(order string) error { begun <- order; return nil })
	id := b.Start(ann, "retry", "they are back", []string{"1", "2"})
	<-begun
	b.Resume(id, bob)
	goOn <- nil
	<-begun
	one, _ := b.Get(id)
	require.Equal(t, "ann", one.Items[1].By, "it was under way")

	b.Stop(id)
	b.Resume(id, bob)
	goOn <- ErrEnded // of an item that began before
	one = until(t, b, id, Batch.Over)
	require.Equal(t, []Item{{"1", Done, "by ann", "ann"}, {"2", Done, "by bob", "bob"}}, one.Items)
}

func TestEachItemIsDoneOnce(t *testing.T) {
	t.Parallel()
	b := New(time.Now)
	var mu sync.Mutex
	times := map[string]int{}
	p := someone("ann", func(order string) error {
		mu.Lock()
		defer mu.Unlock()
		times[order]++
		return nil
	})
	id := b.Start(p, "retry", "they are back", []string{"1", "2", "3", "4"})
	for range 20 {
		b.Stop(id)
		b.Resume(id, p)
	}
	until(t, b, id, Batch.Over)
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, map[string]int{"1": 1, "2": 1, "3": 1, "4": 1}, times)
}
