package discovery_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/discovery"
)

const (
	patience = time.Minute
	tick     = 5 * time.Millisecond
	lease    = 300 * time.Millisecond
)

// scripted is a registry whose changes the test writes.
type scripted struct {
	discovery.Memory

	changes chan discovery.Change
	fails   chan error
}

func (s *scripted) Lease() time.Duration { return lease }

func (s *scripted) Watch(ctx context.Context, _ string, f func(discovery.Change)) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case c := <-s.changes:
			f(c)
		case err := <-s.fails:
			return err
		}
	}
}

// testBundle is a list that follows a scripted registry.
type testBundle struct {
	*scripted

	mu   sync.Mutex
	last *discovery.Snapshot
	dead map[string]bool // addresses that no probe reaches
	asks int
}

func setup(t *testing.T) *testBundle {
	t.Helper()
	b := &testBundle{scripted: &scripted{changes: make(chan discovery.Change), fails: make(chan error)}, dead: map[string]bool{}}
	l := discovery.List{Registry: b.scripted, Service: "catalog", Logger: slog.New(slog.DiscardHandler), Probe: func(_ context.Context, a string) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.asks++
		if b.dead[a] {
			return errors.New("refused")
		}
		return nil
	}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.Run(ctx, func(s discovery.Snapshot) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.last = &s
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	return b
}

func all(ids ...string) (is []discovery.Instance) {
	for _, id := range ids {
		is = append(is, discovery.Instance{Service: "catalog", ID: id, Address: id + ":1"})
	}
	return is
}

func (b *testBundle) change(kind discovery.Kind, ids ...string) {
	b.changes <- discovery.Change{Kind: kind, Instances: all(ids...)}
}

// becomes waits until the list has these instances and the rest holds.
func (b *testBundle) becomes(t *testing.T, ids []string, kept int, stale bool) {
	t.Helper()
	var last *discovery.Snapshot
	require.Eventually(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		last = b.last
		if last == nil || last.Kept != kept || last.Stale != stale || len(last.Instances) != len(ids) {
			return false
		}
		for n, i := range last.Instances {
			if i.ID != ids[n] {
				return false
			}
		}
		return true
	}, patience, tick, "want %v, %d kept, stale %t", ids, kept, stale)
}

// probed waits for n more rounds of probes.
func (b *testBundle) probed(t *testing.T, n int) {
	t.Helper()
	asked := func() int {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.asks
	}
	before := asked()
	require.Eventually(t, func() bool { return asked() >= before+n }, patience, tick)
}

func (b *testBundle) kill(addresses ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range addresses {
		b.dead[a] = true
	}
}

func TestList(t *testing.T) {
	t.Parallel()

	t.Run("FollowsWhoComesAndLeaves", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.change(discovery.Listed, "b", "a")
		b.becomes(t, []string{"a", "b"}, 0, false)
		b.change(discovery.Present, "c")
		b.becomes(t, []string{"a", "b", "c"}, 0, false)
		b.change(discovery.Left, "a")
		b.becomes(t, []string{"b", "c"}, 0, false)
		b.change(discovery.Left, "b")
		b.change(discovery.Left, "c")
		b.becomes(t, nil, 0, false)
	})

	t.Run("DropsFewLeasesThatEnd", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.change(discovery.Listed, "a", "b", "c")
		b.change(discovery.Expired, "b")
		b.becomes(t, []string{"a", "c"}, 0, false)
		b.change(discovery.Expired, "c")
		b.becomes(t, []string{"a"}, 0, false)
	})

	t.Run("KeepsMostLeasesThatEndAtOnceWhileTheyAnswer", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.kill("b:1")
		b.change(discovery.Listed, "a", "b", "c")
		b.change(discovery.Expired, "a")
		b.change(discovery.Expired, "b")
		b.becomes(t, []string{"a", "b", "c"}, 2, false)
		b.becomes(t, []string{"a", "c"}, 1, false)
		b.probed(t, 5)
		b.becomes(t, []string{"a", "c"}, 1, false)
		b.change(discovery.Present, "a")
		b.becomes(t, []string{"a", "c"}, 0, false)
	})

	t.Run("KeepsTheLastInstanceOnlyWhileItAnswers", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.change(discovery.Listed, "a")
		b.change(discovery.Expired, "a")
		b.becomes(t, []string{"a"}, 1, false)
		b.kill("a:1")
		b.becomes(t, nil, 0, false)
	})

	t.Run("KeepsAllOfARegistryThatForgotThem", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.change(discovery.Listed, "a", "b", "c")
		b.change(discovery.Listed)
		b.becomes(t, []string{"a", "b", "c"}, 3, false)
		b.change(discovery.Listed, "a", "b")
		b.becomes(t, []string{"a", "b", "c"}, 1, false)
	})

	t.Run("IsStaleButWholeWhileTheRegistryIsAway", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.change(discovery.Listed, "a", "b")
		b.change(discovery.Expired, "a")
		b.change(discovery.Expired, "b")
		b.becomes(t, []string{"a", "b"}, 2, false)
		b.fails <- errors.New("away")
		b.becomes(t, []string{"a", "b"}, 2, true)
		b.kill("a:1", "b:1")
		b.probed(t, 12) // two are asked in each round
		b.becomes(t, []string{"a", "b"}, 2, true)
		b.change(discovery.Listed, "b")
		b.becomes(t, []string{"b"}, 0, false)
	})

	t.Run("SaysWhyItHasNothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.fails <- errors.New("away")
		b.becomes(t, nil, 0, true)
		require.EqualError(t, b.last.Err, "away")
	})
}

func TestMemoryTellsWhoComesAndLeaves(t *testing.T) {
	t.Parallel()
	var m discovery.Memory
	seen := make(chan discovery.Change, 10)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	require.NoError(t, m.Put(ctx, all("a")[0]))
	go func() { ended <- m.Watch(ctx, "catalog", func(c discovery.Change) { seen <- c }) }()
	require.Equal(t, discovery.Change{Kind: discovery.Listed, Instances: all("a")}, <-seen)
	require.NoError(t, m.Put(ctx, all("b")[0]))
	require.Equal(t, discovery.Change{Kind: discovery.Present, Instances: all("b")}, <-seen)
	require.NoError(t, m.Put(ctx, all("b")[0]))
	require.Equal(t, discovery.Present, (<-seen).Kind, "a renewal")
	require.NoError(t, m.Put(ctx, discovery.Instance{Service: "payment", ID: "x", Address: "x:1"}))
	require.NoError(t, m.Remove(ctx, "catalog", "a"))
	require.NoError(t, m.Remove(ctx, "catalog", "a"), "a repeat does nothing")
	require.Equal(t, discovery.Change{Kind: discovery.Left, Instances: []discovery.Instance{{Service: "catalog", ID: "a"}}}, <-seen)
	everyone, err := m.All(ctx)
	require.NoError(t, err)
	require.Len(t, everyone, 2)
	require.ErrorIs(t, m.Put(ctx, discovery.Instance{Service: "catalog"}), discovery.ErrIllegal)
	cancel()
	require.NoError(t, <-ended)
	require.Empty(t, seen)
}

func TestEveryStartHasALegalIDOfItsOwn(t *testing.T) {
	t.Parallel()
	i := all("a")[0]
	i.ID = discovery.NewID()
	require.NoError(t, i.Validate())
	require.NotEqual(t, i.ID, discovery.NewID())
}
