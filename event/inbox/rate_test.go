package inbox_test

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

// BenchmarkListen measures how many events a second a group handles: a reaction that does
// nothing, and a projection that writes a row for each event. Every op is an event.
//
//	go test ./event/inbox -run '^$' -bench Listen -benchtime 20000x
func BenchmarkListen(b *testing.B) {
	for engine, dsn := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		for kind, group := range map[string]func(o inbox.Options) *inbox.Group{
			"reaction": func(o inbox.Options) *inbox.Group {
				return inbox.React(listener(func(context.Context, event.Event) error { return nil }), o)
			},
			"projection": func(o inbox.Options) *inbox.Group { return inbox.Project(insert, o) },
		} {
			b.Run(engine+"/"+kind, func(b *testing.B) {
				db := dbtest.Open(b, dsn(b), database.Options{})
				require.NoError(b, migrate(b.Context(), db))
				events := make([]event.Event, b.N)
				for n := range events {
					events[n] = nth(told, fmt.Sprintf("k%d", n%1000), n)
				}
				bus := newBus(events...)
				ctx, stop := context.WithCancel(b.Context())
				ended := make(chan error, 1)
				b.ResetTimer()
				go func() { ended <- group(quick(db, bus)).Run(ctx) }()
				for bus.acked.Load() < int64(b.N) {
					<-time.After(time.Millisecond)
				}
				b.StopTimer()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
				stop()
				require.NoError(b, <-ended)
			})
		}
	}
}

// insert is a projection that writes a row for each event.
var insert = inbox.Projection{Group: "g", Facts: facts, Apply: func(tx *gorm.DB, events []event.Event) error {
	rows := make([]map[string]any, len(events))
	for i, e := range events {
		n, err := number(e)
		if err != nil {
			return err
		}
		rows[i] = map[string]any{"position": 0, "event_key": e.Key, "n": n}
	}
	return tx.Table("effect").Create(rows).Error
}}

// BenchmarkIdle measures how much CPU a group takes that has nothing to do, in this
// process and on SQLite, where the database is in it. An op is five seconds.
//
//	go test ./event/inbox -run '^$' -bench Idle -benchtime 1x
func BenchmarkIdle(b *testing.B) {
	db := dbtest.Open(b, dbtest.SQLite(b), database.Options{})
	require.NoError(b, migrate(b.Context(), db))
	o := quick(db, newBus())
	o.Retry, o.Poll = waiting.Retry{}, 0 // the defaults
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- inbox.Project(insert, o).Run(ctx) }()
	before := cpu(b)
	for range b.N {
		<-time.After(5 * time.Second)
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/1000/(5*float64(b.N)), "CPU-ms/s")
	stop()
	require.NoError(b, <-ended)
}

// cpu returns the CPU time of the process.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
