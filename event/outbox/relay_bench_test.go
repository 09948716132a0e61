package outbox_test

import (
	"context"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

// BenchmarkRelay measures a relay on a broker in memory, so without the network:
//
//	go test ./event/outbox -run '^$' -bench Relay -benchtime 1x
func BenchmarkRelay(b *testing.B) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		open := func(b *testing.B) *gorm.DB {
			b.Helper()
			db := dbtest.Open(b, dsn(b), database.Options{})
			require.NoError(b, schema.Migrate(b.Context(), db))
			return db
		}
		b.Run(name+"/backlog", func(b *testing.B) {
			db := open(b)
			for b.Loop() {
				benchBacklog(b, db)
			}
		})
		b.Run(name+"/latency", func(b *testing.B) {
			db := open(b)
			for b.Loop() {
				benchLatency(b, db)
			}
		})
		b.Run(name+"/idle", func(b *testing.B) {
			db := open(b)
			for b.Loop() {
				benchIdle(b, db)
			}
		})
	}
}

// benchBacklog publishes events of 1,000 keys that were told before.
func benchBacklog(b *testing.B, db *gorm.DB) {
	b.Helper()
	const events = 20_000
	for i := 0; i < events; i += 500 {
		require.NoError(b, tell(b.Context(), db, some(i, 500, 1000)...))
	}
	bus := eventtest.NewMemory()
	began := time.Now()
	run(b, db, bus, func() {
		for len(bus.Stored()) < events {
			<-time.After(10 * time.Millisecond)
		}
		b.ReportMetric(events/time.Since(began).Seconds(), "events/s")
	})
}

// benchLatency tells one event at a time, a hundred times a second.
func benchLatency(b *testing.B, db *gorm.DB) {
	b.Helper()
	bus := &arriving{Memory: eventtest.NewMemory(), at: make(chan time.Time, 1)}
	run(b, db, bus, func() {
		var took []time.Duration
		for range 300 {
			require.NoError(b, tell(b.Context(), db, some(0, 1, 1)...))
			committed := time.Now()
			took = append(took, (<-bus.at).Sub(committed))
			<-time.After(10 * time.Millisecond)
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[150].Microseconds()), "p50-µs")
		b.ReportMetric(float64(took[297].Microseconds()), "p99-µs")
	})
}

// benchIdle counts the CPU time of this process while a relay has nothing to do.
func benchIdle(b *testing.B, db *gorm.DB) {
	b.Helper()
	run(b, db, eventtest.NewMemory(), func() {
		<-time.After(time.Second)
		before := cpu(b)
		<-time.After(10 * time.Second)
		b.ReportMetric(float64((cpu(b)-before).Microseconds())/10_000, "cpu-ms/s")
	})
}

// run runs f beside a relay with the defaults.
func run(b *testing.B, db *gorm.DB, bus event.Bus, f func()) {
	b.Helper()
	o := options()
	o.Poll, o.Lease = 0, 0
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = outbox.NewRelay(db, bus, o).Run(ctx) })
	f()
	cancel()
	wg.Wait()
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// arriving is a broker that says when a message came.
type arriving struct {
	*eventtest.Memory
	at chan time.Time
}

func (a *arriving) Publish(ctx context.Context, batch []event.Message) ([]uint64, error) {
	positions, err := a.Memory.Publish(ctx, batch)
	a.at <- time.Now()
	return positions, err
}
