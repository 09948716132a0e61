package events_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/dev/broker"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/wait"
	"github.com/amends/amends/saga/barrier/txn"
)

// These benchmarks run broker, relays and groups in one process, as `amends dev` does,
// with the options of the product:
//
//	go test ./proof/events -run '^$' -bench . -benchtime 1x

// backlog is how many events of as many keys a relay or a group finds.
const backlog, backlogKeys = 20_000, 1000

// onEach runs a benchmark on a new database of each engine.
func onEach(b *testing.B, body func(b *testing.B, db *gorm.DB)) {
	b.Helper()
	for engine, dsn := range engines {
		b.Run(engine, func(b *testing.B) { body(b, fresh(b, dsn)) })
	}
}

func fresh(b *testing.B, dsn func(testing.TB) string) *gorm.DB {
	b.Helper()
	db := dbtest.Open(b, dsn(b), database.Options{})
	require.NoError(b, migrate(b.Context(), db))
	return db
}

// newBus starts a broker that ends with the benchmark.
func newBus(b *testing.B) *jetstream.Bus {
	b.Helper()
	s, err := broker.Start(b.Context(), broker.Options{Dir: b.TempDir()})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Stop()) })
	bus, err := jetstream.Open(s.URL(), jetstream.Options{})
	require.NoError(b, err)
	b.Cleanup(bus.Close)
	until(b, func() bool { return bus.Ready(b.Context()) == nil })
	return bus
}

// until waits in a benchmark.
func until(b *testing.B, ok func() bool) {
	b.Helper()
	for !ok() {
		require.NoError(b, wait.For(b.Context(), time.Millisecond))
	}
}

// tally counts the events that were published or handled.
type tally struct{ atomic.Int64 }

func (c *tally) Published(n int)                     { c.Add(int64(n)) }
func (c *tally) Waiting(int64, time.Duration, int64) {}
func (c *tally) Failed()                             {}

// heard is a [tally] as a meter.
type heard struct {
	handling
	*tally
}

func (h heard) Handled(_ string, n int)   { h.Add(int64(n)) }
func (h heard) Failed(group, kind string) {}

func relayOptions(t *tally) outbox.Options {
	return outbox.Options{Service: "payment", Observer: t, Logger: slog.New(slog.DiscardHandler)}
}

func inboxOptions(db *gorm.DB, bus event.Bus, t *tally) inbox.Options {
	return inbox.Options{DB: db, Bus: bus, Meter: heard{tally: t}, Logger: slog.New(slog.DiscardHandler)}
}

// BenchmarkLatency measures the time from the commit of a step to that of the effect of
// its event in another step and in a projection, at 100 events a second.
func BenchmarkLatency(b *testing.B) {
	const events = 1000
	onEach(b, func(b *testing.B, db *gorm.DB) {
		b.Helper()
		bus := newBus(b)
		run(b, outbox.NewRelay(db, bus, relayOptions(new(tally))).Run)
		var mu sync.Mutex
		handled := map[string]map[string]time.Time{"reaction": {}, "projection": {}}
		record := func(group string, events ...event.Event) {
			mu.Lock()
			defer mu.Unlock()
			for _, e := range events {
				handled[group][e.Correlation] = time.Now()
			}
		}
		o := inboxOptions(db, bus, new(tally))
		run(b, inbox.React(event.Listener{Group: "reaction", Facts: facts, Handle: func(ctx context.Context, e event.Event) error {
			defer record("reaction", e)
			return step(ctx, db, "reaction", e)
		}}, o).Run)
		run(b, inbox.Project(inbox.Projection{Group: "projection", Facts: facts, Apply: func(tx *gorm.DB, events []event.Event) error {
			if err := write(tx, "projection", events); err != nil {
				return err
			}
			return txn.After(tx, func() { record("projection", events...) })
		}}, o).Run)

		committed := map[string]time.Time{}
		tick := time.NewTicker(time.Second / 100)
		defer tick.Stop()
		for n := range 100 + events { // the first hundred warm up
			<-tick.C
			require.NoError(b, tell(b.Context(), db, "payment", n, backlogKeys))
			if n >= 100 {
				committed[sagaOf("payment", n)] = time.Now()
			}
		}
		for group, of := range handled {
			until(b, func() bool {
				mu.Lock()
				defer mu.Unlock()
				return len(of) == 100+events
			})
			var took []float64
			for saga, at := range committed {
				took = append(took, max(0, of[saga].Sub(at).Seconds()*1000))
			}
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2], group+"-p50-ms")
			b.ReportMetric(took[len(took)*99/100], group+"-p99-ms")
		}
	})
}

// BenchmarkRelay measures how many events a second a relay publishes.
func BenchmarkRelay(b *testing.B) {
	onEach(b, func(b *testing.B, db *gorm.DB) {
		b.Helper()
		for n := range backlog / 500 {
			batch := make([]event.Event, 500)
			for i := range batch {
				batch[i] = numbered(counted["payment"], fmt.Sprintf("order-%d", (500*n+i)%backlogKeys), n)
			}
			require.NoError(b, txn.Run(b.Context(), db, func(tx *gorm.DB) error { return outbox.Tell(tx, batch...) }))
		}
		published, bus := new(tally), newBus(b)
		drain(b, published, outbox.NewRelay(db, bus, relayOptions(published)).Run)
	})
}

// BenchmarkListen measures how many events a second a group handles: a reaction that does
// nothing, one that is a step, and a projection.
func BenchmarkListen(b *testing.B) {
	nothing := func(group string, o inbox.Options, _ refusal) *inbox.Group {
		return inbox.React(event.Listener{Group: group, Facts: facts, Handle: func(context.Context, event.Event) error { return nil }}, o)
	}
	batch := make([]event.Message, backlog)
	for i := range batch {
		batch[i] = event.Encode(numbered(counted["payment"], fmt.Sprintf("order-%d", i%backlogKeys), i/backlogKeys))
	}
	for kind, group := range map[string]func(string, inbox.Options, refusal) *inbox.Group{"nothing": nothing, "reaction": react, "projection": project} {
		b.Run(kind, func(b *testing.B) {
			onEach(b, func(b *testing.B, db *gorm.DB) {
				b.Helper()
				handled, bus := new(tally), newBus(b)
				_, err := bus.Publish(b.Context(), batch)
				require.NoError(b, err)
				drain(b, handled, group("g", inboxOptions(db, bus, handled), nil).Run)
			})
		})
	}
}

// drain runs a part until it has had the backlog. The CPU is that of this process: of the
// part, the broker and, on SQLite, the database.
func drain(b *testing.B, done *tally, part func(context.Context) error) {
	b.Helper()
	before := cpu(b)
	b.ResetTimer()
	run(b, part)
	until(b, func() bool { return done.Load() == backlog })
	b.ReportMetric(backlog/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/backlog, "CPU-µs/event")
}

// BenchmarkIdle measures the CPU that a broker, the relays of five databases and two
// groups take in a process with nothing to do, over 20 s. On PostgreSQL that of its
// server comes on top.
func BenchmarkIdle(b *testing.B) {
	for engine, dsn := range engines {
		b.Run(engine, func(b *testing.B) {
			bus := newBus(b)
			for n := range 5 {
				db := fresh(b, dsn)
				run(b, outbox.NewRelay(db, bus, relayOptions(new(tally))).Run)
				if n < 2 {
					run(b, []func(string, inbox.Options, refusal) *inbox.Group{react, project}[n](fmt.Sprint("g", n), inboxOptions(db, bus, new(tally)), nil).Run)
				}
			}
			require.NoError(b, wait.For(b.Context(), 3*time.Second)) // the start
			before := cpu(b)
			require.NoError(b, wait.For(b.Context(), 20*time.Second))
			b.ReportMetric(100*(cpu(b)-before).Seconds()/20, "%-of-a-core")
		})
	}
}

// cpu returns the CPU time of the process.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
