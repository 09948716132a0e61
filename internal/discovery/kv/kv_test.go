package kv_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/discovery/kv"
	"github.com/amends/amends/proof/brokertest"
)

const (
	patience = time.Minute
	tick     = 10 * time.Millisecond
)

// testBundle is a broker and what a watch of "catalog" has seen.
type testBundle struct {
	broker   *brokertest.Broker
	registry *kv.Registry

	mu      sync.Mutex
	changes []discovery.Change
	ended   chan error
}

func setup(t *testing.T, lease time.Duration) *testBundle {
	t.Helper()
	b := &testBundle{broker: brokertest.Start(t), ended: make(chan error, 1)}
	var err error
	b.registry, err = kv.New(b.broker.Connect(), lease)
	require.NoError(t, err)
	return b
}

func (b *testBundle) watch(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.ended <- b.registry.Watch(ctx, "catalog", func(c discovery.Change) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.changes = append(b.changes, c)
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
}

// saw reports whether a change of that kind had the instance.
func (b *testBundle) saw(kind discovery.Kind, id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.changes {
		for _, i := range c.Instances {
			if c.Kind == kind && i.ID == id {
				return true
			}
		}
	}
	return false
}

func (b *testBundle) eventually(t *testing.T, kind discovery.Kind, id string) {
	t.Helper()
	require.Eventually(t, func() bool { return b.saw(kind, id) }, patience, tick, "kind %d of %s", kind, id)
}

func instance(service, id string) discovery.Instance {
	return discovery.Instance{
		Service: service, ID: id, Address: "127.0.0.1:7000", Version: "v1",
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Load:    discovery.Load{InFlight: 1, Calls: 20, Errors: 3},
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()

	t.Run("TellsWhoIsThereComesLeavesAndDies", func(t *testing.T) {
		t.Parallel()
		b := setup(t, time.Hour)
		short, err := kv.New(b.broker.Connect(), time.Second)
		require.NoError(t, err)
		require.NoError(t, b.registry.Put(t.Context(), instance("catalog", "first")))
		require.NoError(t, b.registry.Put(t.Context(), instance("payment", "other")))
		b.watch(t)
		b.eventually(t, discovery.Listed, "first")
		require.NoError(t, b.registry.Put(t.Context(), instance("catalog", "second")))
		b.eventually(t, discovery.Present, "second")
		require.NoError(t, b.registry.Remove(t.Context(), "catalog", "second"))
		b.eventually(t, discovery.Left, "second")
		require.NoError(t, short.Put(t.Context(), instance("catalog", "dying")))
		b.eventually(t, discovery.Expired, "dying")
		require.False(t, b.saw(discovery.Expired, "first"))
		require.False(t, b.saw(discovery.Expired, "second"))
		require.False(t, b.saw(discovery.Listed, "other"), "of another service")
	})

	t.Run("KeepsEveryFieldOfAnInstance", func(t *testing.T) {
		t.Parallel()
		b := setup(t, time.Hour)
		none, err := b.registry.All(t.Context())
		require.NoError(t, err, "also without a bucket")
		require.Empty(t, none)
		want := []discovery.Instance{instance("catalog", "first"), instance("payment", "other")}
		for _, i := range want {
			require.NoError(t, b.registry.Put(t.Context(), i))
		}
		require.NoError(t, b.registry.Put(t.Context(), instance("catalog", "gone")))
		require.NoError(t, b.registry.Remove(t.Context(), "catalog", "gone"))
		require.NoError(t, b.registry.Remove(t.Context(), "catalog", "never-there"))
		all, err := b.registry.All(t.Context())
		require.NoError(t, err)
		require.ElementsMatch(t, want, all)
	})

	t.Run("RenewsALease", func(t *testing.T) {
		t.Parallel()
		b := setup(t, time.Hour)
		short, err := kv.New(b.broker.Connect(), time.Second)
		require.NoError(t, err)
		b.watch(t)
		require.NoError(t, short.Put(t.Context(), instance("catalog", "renewed")))
		require.NoError(t, b.registry.Put(t.Context(), instance("catalog", "renewed")))
		require.NoError(t, short.Put(t.Context(), instance("catalog", "dead"))) // ends after the first lease of the other
		b.eventually(t, discovery.Expired, "dead")
		all, err := b.registry.All(t.Context())
		require.NoError(t, err)
		require.Len(t, all, 1)
	})

	t.Run("PassesOverAnEntryThatIsNoInstance", func(t *testing.T) {
		t.Parallel()
		b := setup(t, time.Hour)
		require.NoError(t, b.registry.Put(t.Context(), instance("catalog", "good")))
		_, err := b.broker.Connect().Publish(t.Context(), "$KV."+kv.Bucket+".catalog.bad", []byte("?"))
		require.NoError(t, err)
		b.watch(t)
		b.eventually(t, discovery.Listed, "good")
		require.False(t, b.saw(discovery.Listed, "bad"))
	})

	t.Run("RefusesWhatIsNoLegalKey", func(t *testing.T) {
		t.Parallel()
		b := setup(t, time.Hour)
		for _, i := range []discovery.Instance{
			instance("cat.alog", "a"), instance("catalog", "a.b"), instance("catalog", ">"), instance("", "a"),
			{Service: "catalog", ID: "a", Address: "nowhere"},
		} {
			require.ErrorIs(t, b.registry.Put(t.Context(), i), discovery.ErrIllegal)
		}
		require.ErrorIs(t, b.registry.Watch(t.Context(), "*", nil), discovery.ErrIllegal)
		_, err := kv.New(b.broker.Connect(), 1500*time.Millisecond)
		require.ErrorContains(t, err, "whole seconds")
	})

	t.Run("SaysThatTheBrokerIsAway", func(t *testing.T) {
		t.Parallel()
		b := setup(t, time.Hour)
		require.NoError(t, b.registry.Put(t.Context(), instance("catalog", "first")))
		b.watch(t)
		b.eventually(t, discovery.Listed, "first")
		b.broker.Stop()
		require.Error(t, <-b.ended)
		require.False(t, b.saw(discovery.Expired, "first"))
	})
}

// A broker that comes back without its data has neither bucket nor instances; the
// renewals of the instances create both.
func TestRegistrationOutlivesTheBrokersData(t *testing.T) {
	t.Parallel()
	b := setup(t, 3*time.Second)
	r := discovery.Registration{Registry: b.registry, Instances: []discovery.Instance{instance("catalog", "first")}, Logger: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Keep(ctx, 0) }()
	defer func() { cancel(); require.NoError(t, <-done) }()
	there := func() bool {
		all, err := b.registry.All(t.Context())
		return err == nil && len(all) == 1
	}
	require.Eventually(t, there, patience, tick)
	b.broker.Stop()
	b.broker.Wipe()
	b.broker.Resume()
	require.Eventually(t, there, patience, tick)
}
