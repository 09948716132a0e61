package watch_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/query/store/watch"
)

// A cancelled query costs its connection to PostgreSQL, and most who wait for an order do
// not have to wait.
func TestAShortWaitNeedsNoLookAtTheDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var looks atomic.Int64
		w := watch.New(func(context.Context) (int64, error) { return looks.Add(1), nil })
		for range 20 {
			woken, off := w.On("o")
			synctest.Wait()
			w.Wake("o")
			<-woken
			off()
		}
		require.Zero(t, looks.Load())
	})
}

func TestALookThatHasBegunIsNotCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		looking, end, cut := make(chan struct{}), make(chan struct{}), make(chan error)
		w := watch.New(func(ctx context.Context) (int64, error) {
			looking <- struct{}{}
			<-end
			cut <- ctx.Err()
			return 1, nil
		})
		_, off := w.On("o")
		<-looking
		off()
		close(end)
		require.NoError(t, <-cut)
		synctest.Wait()
	})
}

func TestALookThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var looks atomic.Int64
		w := watch.New(func(ctx context.Context) (int64, error) {
			if looks.Add(1) == 1 {
				<-ctx.Done()
				return 0, ctx.Err()
			}
			return looks.Load(), nil
		})
		woken, off := w.On("o")
		defer off()
		<-woken // by the next look
		require.Greater(t, looks.Load(), int64(1))
	})
}

func TestTheChangesOfOtherProcessesWake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mark atomic.Int64
		w := watch.New(func(context.Context) (int64, error) { return mark.Load(), nil })
		woken, off := w.On("o")
		defer off()
		<-woken // the first look has nothing to compare with
		<-time.After(time.Minute)
		select {
		case <-woken:
			t.Fatal("nothing has changed")
		default:
		}
		mark.Store(1)
		<-woken
	})
}
