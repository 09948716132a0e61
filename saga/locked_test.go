package saga_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

var errLocked = fault.Errorf(fault.Transient, fault.Locked, "held by another")

// Steps behind one lock come back after a second and more, and not together.
func TestALockedStepComesBackLaterThanOthers(t *testing.T) {
	t.Parallel()

	seen := map[time.Duration]bool{}
	for i := range 8 {
		delay := fail(t, callArgument{Key: saga.Key{Saga: fmt.Sprint("trip-", i), Step: "seat"}}, errLocked).NextRetryDelay()
		require.GreaterOrEqual(t, delay, time.Second/2)
		require.Less(t, delay, 3*time.Second/2)
		seen[delay] = true
	}
	require.Greater(t, len(seen), 4)
	require.Zero(t, fail(t, callArgument{Key: saga.Key{Saga: "trip-1", Step: "seat"}}, errTransient).NextRetryDelay())
}

// However long the lock lasts, its end is noticed soon: also in an undo that is
// flagged meanwhile, whose other failures are minutes apart.
func TestALockedStepIsRetriedEveryFewSeconds(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.script["pay"] = []error{errRefused}
	const attempts = 200
	for range attempts {
		b.script["seat.undo"] = append(b.script["seat.undo"], errLocked)
	}
	began := b.env.Now()
	v := b.run(t)
	require.Equal(t, saga.Aborted, v.Phase)
	require.Equal(t, attempts+1, b.count("seat.undo"))
	took := b.env.Now().Sub(began)
	require.Greater(t, took, attempts*5*time.Second/2)
	require.Less(t, took, attempts*15*time.Second/2)
}

// A local call keeps the workflow task and a slot, which other orders need.
func TestALockedLocalStepGoesOnAsAnOrdinaryActivityAtOnce(t *testing.T) {
	t.Parallel()

	b, s := localSaga(t)
	b.script["create"] = []error{errLocked}
	began := b.env.Now()
	require.Equal(t, saga.Committed, b.run(t).Phase)
	require.Equal(t, []command{
		{activity: "create", local: true},
		{activity: "create", queue: "default-test-taskqueue"},
	}, s.of("create"))
	require.Equal(t, 2, b.count("create"))
	require.Less(t, b.env.Now().Sub(began), time.Second)
}
