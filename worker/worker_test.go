package worker

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.uber.org/goleak"

	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/worker/registry"
)

// patience bounds every wait of these tests; it allows for a loaded machine.
const patience = 2 * time.Minute

// options are those of some services on new SQLite files.
func options(t *testing.T, names ...string) Options {
	t.Helper()
	dir := t.TempDir()
	o := Options{Services: map[string]Service{}, Logger: slog.New(slog.DiscardHandler), DrainTimeout: time.Second}
	for _, name := range names {
		o.Services[name] = Service{
			DSN: "sqlite:" + filepath.Join(dir, name+".db"), OutsideDSN: "sqlite:" + filepath.Join(dir, name+"-outside.db"),
			Secret: "a secret of tests that is long enough",
		}
	}
	return o
}

// recorder takes registrations instead of a Temporal worker.
type recorder struct{ names []string }

func (r *recorder) RegisterActivityWithOptions(_ any, o activity.RegisterOptions) {
	r.names = append(r.names, o.Name)
}

func TestRegistry(t *testing.T) {
	t.Parallel()

	t.Run("HasARowForEveryService", func(t *testing.T) {
		t.Parallel()
		entries, err := os.ReadDir("../services")
		require.NoError(t, err)
		var services []string
		for _, e := range entries {
			services = append(services, e.Name())
		}
		require.ElementsMatch(t, services, registry.Names())
	})

	t.Run("BindsEveryServicesOwnSteps", func(t *testing.T) {
		t.Parallel()
		seen := map[string]bool{}
		for _, row := range registry.All {
			o := options(t, row.Name)
			s, err := open(t.Context(), row, o)
			require.NoError(t, err)
			r := &recorder{}
			if row.Bind != nil {
				row.Bind(r, s, nil)
				require.NotEmpty(t, r.names)
			}
			for _, name := range r.names {
				require.True(t, strings.HasPrefix(name, row.Name+"."), "%s binds %s", row.Name, name)
				require.False(t, seen[name], "%s is bound twice", name)
				seen[name] = true
			}
			require.NoError(t, s.Close())
		}
	})

	t.Run("LetsOneServiceDecide", func(t *testing.T) {
		t.Parallel()
		var decides []string
		for _, row := range registry.All {
			if row.Decides {
				decides = append(decides, row.Name)
			}
		}
		require.Equal(t, []string{"order"}, decides)
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, err := New(options(t))
	require.EqualError(t, err, "no service to run: there are order, catalog, inventory, payment, shipping, user, query, notification, support")
	_, err = New(options(t, "orders"))
	require.EqualError(t, err, `no service "orders": there are order, catalog, inventory, payment, shipping, user, query, notification, support`)
	o := options(t, "order")
	o.Timing.RetryMax = time.Second
	_, err = New(o)
	require.ErrorContains(t, err, "timing: start-to-close 0s is below 100ms")
}

func TestSlotsFollowTheConnections(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"inventory": 3, "payment": 24} {
		o := options(t, name)
		service := o.Services[name]
		service.MaxConns = 3
		o.Services[name] = service
		g, err := New(o)
		require.NoError(t, err)
		r, err := registry.Find(name)
		require.NoError(t, err)
		s, err := open(t.Context(), r, o)
		require.NoError(t, err)
		got := g.workerOptions(s, nil)
		require.Equal(t, want, got.MaxConcurrentActivityExecutionSize)
		require.Equal(t, want, got.MaxConcurrentLocalActivityExecutionSize)
		require.Equal(t, time.Second, got.WorkerStopTimeout)
		require.NoError(t, s.Close())
	}
}

func TestRunWaitsForWhatItNeeds(t *testing.T) {
	t.Parallel()
	o := options(t, "inventory")
	address, err := loopback.FreeAddress(t.Context()) // where no engine is
	require.NoError(t, err)
	client, err := engine.Dial(engine.Options{Address: address, Isolated: true})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	g, err := New(o)
	require.NoError(t, err)
	require.ErrorContains(t, g.Ready(t.Context()), "the services have not started")

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx, client) }()
	says(t, g, "database of inventory: the database has not been migrated")
	require.NoError(t, Migrate(t.Context(), o))
	says(t, g, "Temporal at "+address+" is not reachable")
	cancel()
	select {
	case err := <-done:
		require.NoError(t, err, "asked to end while it waits is no failure")
	case <-time.After(patience):
		require.Fail(t, "Run does not end with its context")
	}
	require.ErrorContains(t, g.Ready(t.Context()), "the services have stopped")
}

func says(t *testing.T, g *Group, why string) {
	t.Helper()
	require.Eventually(t, func() bool {
		err := g.Ready(t.Context())
		return err != nil && strings.Contains(err.Error(), why)
	}, patience, 10*time.Millisecond, why)
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
