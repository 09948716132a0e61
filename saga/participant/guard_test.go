package participant_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/participant"
)

// scripted is a participant whose calls end as it is told, and are counted.
type scripted struct {
	mu    sync.Mutex
	calls int
	do    func(ctx context.Context) ([]byte, error)
}

func (s *scripted) Do(ctx context.Context, _ saga.Key, _ []byte) ([]byte, error) {
	s.mu.Lock()
	s.calls++
	s.mu.Unlock()
	return s.do(ctx)
}

var anyKey = saga.Key{Saga: "o1", Step: "test.hold"}

func failing(k fault.Kind, code fault.Code) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return nil, fault.Errorf(k, code, "scripted") }
}

// TestAServiceThatDoesNotAnswerIsLeftAlone: otherwise each order pays the limit of a try.
func TestAServiceThatDoesNotAnswerIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(context.Context) ([]byte, error){
		"Unreachable": failing(fault.Transient, fault.Unavailable),
		"Unknown":     failing(fault.Unknown, fault.Timeout),
		"TooSlow": func(ctx context.Context) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &scripted{do: do}
				g := participant.Guard(s, 4)
				call := func() error {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					_, err := g.Do(ctx, anyKey, nil)
					return err
				}
				for range 20 {
					require.Error(t, call())
				}
				require.Equal(t, 5, s.calls)
				err := call()
				require.Equal(t, fault.Transient, fault.KindOf(err))
				require.ErrorContains(t, err, "has not answered of late")

				time.Sleep(5 * time.Second) //nolint:forbidigo // of a bubble
				s.do = func(context.Context) ([]byte, error) { return []byte("1"), nil }
				for range 20 {
					require.NoError(t, call(), "one call that succeeds is enough")
				}
			})
		})
	}
}

// TestDecisionsAndLocksDoNotStopTries: the service has answered.
func TestDecisionsAndLocksDoNotStopTries(t *testing.T) {
	t.Parallel()
	for _, do := range []func(context.Context) ([]byte, error){
		failing(fault.Business, "NO_SEATS"), failing(fault.Suspension, fault.Suspended), failing(fault.Bug, fault.Invalid),
		failing(fault.Transient, fault.Locked),
		func(context.Context) ([]byte, error) { return nil, errors.Join(context.Canceled) },
	} {
		s := &scripted{do: do}
		g := participant.Guard(s, 1)
		want := fault.CodeOf(func() error { _, err := do(t.Context()); return err }())
		for range 50 {
			_, err := g.Do(t.Context(), anyKey, nil)
			require.Equal(t, want, fault.CodeOf(err))
		}
		require.Equal(t, 50, s.calls)
	}
}

// TestTriesWaitABoundedTimeForASlot: a burst must not fill the workflow task.
func TestTriesWaitABoundedTimeForASlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		s := &scripted{do: func(context.Context) ([]byte, error) {
			<-free
			return []byte("1"), nil
		}}
		g := participant.Guard(s, 2)
		var running sync.WaitGroup
		for range 2 {
			running.Go(func() {
				_, err := g.Do(t.Context(), anyKey, nil)
				require.NoError(t, err)
			})
		}
		synctest.Wait()
		began := time.Now()
		_, err := g.Do(t.Context(), anyKey, nil)
		require.Equal(t, fault.Unavailable, fault.CodeOf(err))
		require.ErrorContains(t, err, "no slot free")
		require.Equal(t, 100*time.Millisecond, time.Since(began))
		require.Equal(t, 2, s.calls)
		close(free)
		running.Wait()
		_, err = g.Do(t.Context(), anyKey, nil)
		require.NoError(t, err)
	})
}

// TestAPanicKeepsNoSlot: the worker goes on after it, and so do the tries.
func TestAPanicKeepsNoSlot(t *testing.T) {
	t.Parallel()
	s := &scripted{do: func(context.Context) ([]byte, error) { panic("poison") }}
	g := participant.Guard(s, 1)
	for range 20 {
		_, err := g.Do(t.Context(), anyKey, nil)
		require.Equal(t, fault.Bug, fault.KindOf(err))
		require.ErrorContains(t, err, "poison")
	}
	s.do = func(context.Context) ([]byte, error) { return []byte("1"), nil }
	_, err := g.Do(t.Context(), anyKey, nil)
	require.NoError(t, err)
}

// TestACallWithLittleTimeSaysNothingOfTheService: it is the last of a full task.
func TestACallWithLittleTimeSaysNothingOfTheService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{do: func(ctx context.Context) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		g := participant.Guard(s, 1)
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
			_, err := g.Do(ctx, anyKey, nil)
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		require.Equal(t, 20, s.calls)
	})
}

// TestOnlyAnAnswerEndsTheBreak: a call that its caller ended is none.
func TestOnlyAnAnswerEndsTheBreak(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(context.Context) ([]byte, error){
		"Canceled": func(context.Context) ([]byte, error) { return nil, context.Canceled },
		"Cut": func(ctx context.Context) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &scripted{do: failing(fault.Transient, fault.Unavailable)}
				g := participant.Guard(s, 1)
				call := func() error {
					ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
					defer cancel()
					_, err := g.Do(ctx, anyKey, nil)
					return err
				}
				for range 10 {
					require.Error(t, call())
				}
				time.Sleep(5 * time.Second) //nolint:forbidigo // of a bubble
				s.do = do
				require.Error(t, call())
				require.Equal(t, 6, s.calls)
				require.ErrorContains(t, call(), "has not answered of late")
				require.Equal(t, 6, s.calls)
			})
		})
	}
}
