package watch_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/query/store/watch"
)

// source is a database of which a test changes the parts between two looks.
type source struct {
	changes int64
	marks   map[string]watch.Mark
	before  func(ctx context.Context) error // a question for changes is answered; nil: at once
	fail    error                           // of the next question for marks

	looks int   // questions for changes
	asked []int // how many orders each question for marks was about
}

func (s *source) Changes(ctx context.Context) (int64, error) {
	s.looks++
	if s.before != nil {
		if err := s.before(ctx); err != nil {
			return 0, err
		}
	}
	return s.changes, nil
}

func (s *source) Marks(_ context.Context, ids []string) (map[string]watch.Mark, error) {
	s.asked = append(s.asked, len(ids))
	if err := s.fail; err != nil {
		s.fail = nil
		return nil, err
	}
	found := map[string]watch.Mark{}
	for _, id := range ids {
		if m, known := s.marks[id]; known {
			found[id] = m
		}
	}
	return found, nil
}

// change gives an order another mark, and waits for some looks.
func (s *source) change(id string, m watch.Mark) {
	s.changes++
	s.marks[id] = m
	s.wait()
}

func (s *source) wait() {
	<-time.After(3 * time.Second)
	synctest.Wait()
}

// signalled reports whether a watcher was woken since the last time.
func signalled(woken <-chan struct{}) bool {
	select {
	case <-woken:
		return true
	default:
		return false
	}
}

func each(t *testing.T, body func(t *testing.T, w *watch.Watch, s *source)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &source{marks: map[string]watch.Mark{}}
		body(t, watch.New(s), s)
	})
}

// Most who wait for an order do not have to wait.
func TestAShortWaitNeedsNoLookAtTheDatabase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *watch.Watch, s *source) {
		for range 20 {
			woken, off := w.On("o")
			synctest.Wait()
			w.Wake("o")
			require.True(t, signalled(woken))
			off()
		}
		require.Zero(t, s.looks)
	})
}

func TestALookThatHasBegunIsNotCutOff(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *watch.Watch, s *source) {
		looking, end, cut := make(chan struct{}), make(chan struct{}), make(chan error)
		s.before = func(ctx context.Context) error {
			looking <- struct{}{}
			<-end
			cut <- ctx.Err()
			return nil
		}
		_, off := w.On("o")
		<-looking
		off()
		close(end)
		require.NoError(t, <-cut)
	})
}

func TestALookThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *watch.Watch, s *source) {
		s.marks["o"] = watch.Mark{Version: 1}
		s.before = func(ctx context.Context) error {
			if s.looks == 1 {
				<-ctx.Done()
			}
			return ctx.Err()
		}
		woken, off := w.On("o")
		defer off()
		<-woken // by a later look
		require.Greater(t, s.looks, 1)
	})
}

func TestTheWatchersOfAChangedOrderAreWoken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *watch.Watch, s *source) {
		s.marks["b"] = watch.Mark{Generation: 1, Version: 1}
		a, offA := w.On("a")
		defer offA()
		b, offB := w.On("b")
		defer offB()
		s.wait()
		require.False(t, signalled(a), "there is no such order")
		require.True(t, signalled(b), "it may have changed before the first look")
		asked := len(s.asked)
		s.wait()
		require.Len(t, s.asked, asked, "nothing has changed")

		s.change("a", watch.Mark{Generation: 1, Version: 1})
		require.True(t, signalled(a))
		require.False(t, signalled(b))
		for _, m := range []watch.Mark{{Generation: 1, Version: 2}, {Generation: 1, Version: 2, Entries: 1}, {Generation: 2, Version: 2, Entries: 1}} {
			s.change("b", m)
			require.True(t, signalled(b))
			require.False(t, signalled(a))
		}
		s.change("c", watch.Mark{Generation: 1})
		require.False(t, signalled(a) || signalled(b), "orders of others")
	})
}

func TestALookThatFailsIsRepeated(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *watch.Watch, s *source) {
		woken, off := w.On("o")
		defer off()
		s.wait()
		s.fail = errors.New("away")
		s.change("o", watch.Mark{Version: 1})
		require.True(t, signalled(woken))
	})
}

func TestManyOrdersAreAskedForInPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *watch.Watch, s *source) {
		for n := range 1200 {
			_, off := w.On(fmt.Sprint(n))
			defer off()
		}
		s.wait()
		require.Equal(t, []int{500, 500, 200}, s.asked)
	})
}
