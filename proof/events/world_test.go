package events_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	bus "github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/victim"
	"github.com/amends/amends/proof/wait"
)

// services are the names of the services.
var services = []string{"inventory", "payment"}

// world has all parts, each a process.
type world struct {
	t        *testing.T
	postgres *victim.Postgres
	dsn      map[string]string // by service
	broker   *process
	of       map[string][]*process // by role
	part     int                   // that each teller tells in a while

	mu      sync.Mutex
	done    map[string]map[int]bool // sagas of each service that are done
	allowed int                     // the sagas of each service that may run
}

// newWorld starts all parts, of relays and listeners so many of each service. Every
// relay and listener has a line of its own to the broker.
func newWorld(t *testing.T, keys, copies int) *world {
	t.Helper()
	dbtest.Binaries(t)
	dir, err := os.MkdirTemp("", "amends-events-") //nolint:usetesting // PostgreSQL's user cannot enter a test's folder
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() {
		if !t.Failed() {
			require.NoError(t, os.RemoveAll(dir))
		} else {
			t.Logf("the logs are in %s", dir)
		}
	})
	w := &world{t: t, of: map[string][]*process{}, done: map[string]map[int]bool{}}
	w.postgres, err = victim.StartPostgres(t.Context(), filepath.Join(dir, "postgres"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.postgres.Stop()) })
	w.dsn = map[string]string{"inventory": "sqlite:" + filepath.Join(dir, "inventory.db"), "payment": w.postgres.DSN}
	port, err := loopback.FreePort(t.Context())
	require.NoError(t, err)
	w.broker = w.start(&process{role: role{Name: "broker", Dir: filepath.Join(dir, "broker"), Port: port}, dir: dir})
	for _, service := range services {
		require.NoError(t, migrate(t.Context(), w.open(service)))
		w.done[service] = map[int]bool{}
		teller := &process{role: role{Name: "teller", Service: service, DSN: w.dsn[service], Keys: keys}, dir: dir}
		teller.said = func(n int) { w.saga(teller, n) }
		w.start(teller)
		for range copies {
			for _, name := range []string{"relay", "listener"} {
				line, err := newLine(t.Context(), port)
				require.NoError(t, err)
				t.Cleanup(line.Stop)
				w.start(&process{role: role{Name: name, Service: service, DSN: w.dsn[service], URL: "nats://" + line.Listen}, line: line, dir: dir})
			}
		}
	}
	return w
}

// start starts a process that ends with the test.
func (w *world) start(p *process) *process {
	w.t.Helper()
	require.NoError(w.t, p.start())
	w.t.Cleanup(p.end)
	p.stir = func() { _ = w.allow(1) } // if it fails, so does the next part
	w.of[p.role.Name] = append(w.of[p.role.Name], p)
	return p
}

// saga records that a saga is done. A teller that is started again begins with the first
// that is not, and so repeats some.
func (w *world) saga(p *process, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done[p.role.Service][n] = true
	for w.done[p.role.Service][p.role.First] {
		p.role.First++
	}
}

// told is the number of sagas that are done.
func (w *world) told() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, of := range w.done {
		n += len(of)
	}
	return n
}

// allow lets each teller tell n more events.
func (w *world) allow(n int) error {
	w.mu.Lock()
	w.allowed += n
	w.mu.Unlock()
	for _, p := range w.of["teller"] {
		if err := p.allow(n); err != nil {
			return err
		}
	}
	return nil
}

// busy returns a function that lets a part be told, and waits until it is somewhere on
// its way: in a transaction, an outbox, the broker, a handler, or behind them.
func (w *world) busy(r *rand.Rand) func(context.Context) error {
	on := time.Duration(r.IntN(150)) * time.Millisecond
	return func(ctx context.Context) error { return errors.Join(w.allow(w.part), wait.For(ctx, on)) }
}

// open opens the database of a service.
func (w *world) open(service string) *gorm.DB {
	w.t.Helper()
	return dbtest.Open(w.t, w.dsn[service], database.Options{})
}

// settle waits until all events are told and published, and every group has handled all
// that it will ever get.
func (w *world) settle() {
	w.t.Helper()
	await(w.t, "all is told", func() bool { return w.told() == 2*w.allowed })
	for _, service := range services {
		db := w.open(service)
		await(w.t, "the outbox of "+service+" is published", func() bool {
			var n int
			return db.Raw("SELECT count(*) FROM outbox WHERE published_at IS NULL").Scan(&n).Error == nil && n == 0
		})
	}
	for _, service := range services {
		quiet(w.t, w.broker.role.Port, w.open(service), groupNames(service)...)
	}
}

// quiet waits until the broker at the port has nothing more for the groups, and they
// have no letter: all has had its last effect.
func quiet(t *testing.T, port int, db *gorm.DB, groups ...string) {
	t.Helper()
	nc, err := nats.Connect("nats://" + loopback.Address(port))
	require.NoError(t, err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	for _, group := range groups {
		await(t, "quiet of "+group, func() bool {
			c, err := js.Consumer(t.Context(), bus.Stream, group)
			if err != nil {
				return false
			}
			info, err := c.Info(t.Context())
			return err == nil && info.NumPending == 0 && info.NumAckPending == 0 && letters(t.Context(), db, group) == 0
		})
	}
}

// judge stops all processes in order, and judges every group.
func (w *world) judge() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	for _, name := range []string{"teller", "listener", "relay", "broker"} {
		for _, p := range w.of[name] {
			require.NoError(w.t, p.stop(ctx))
		}
	}
	all := told{}
	for _, service := range services {
		all.read(w.t, w.open(service), w.allowed)
	}
	for _, service := range services {
		for _, group := range groupNames(service) {
			all.judge(w.t, w.open(service), group)
		}
	}
}

// pick returns a process of the roles that has worked since its start. One of several
// relays or listeners of a service works, until it ends.
func (w *world) pick(ctx context.Context, r *rand.Rand, roles ...string) (*process, error) {
	var working []*process
	err := wait.Until(ctx, fmt.Sprint("one of ", roles, " works"), w.broker.stirred(func() bool {
		for _, name := range roles {
			for _, p := range w.of[name] {
				if p.worked.Load() {
					working = append(working, p)
				}
			}
		}
		return len(working) > 0
	}))
	if err != nil {
		return nil, err
	}
	return working[r.IntN(len(working))], nil
}

// patience is how long a test waits for the parts. It is long, because machines may be
// busy, and a test that fails may take it.
const patience = 5 * time.Minute

// await waits until ok.
func await(t *testing.T, name string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, wait.Until(ctx, name, ok))
}
