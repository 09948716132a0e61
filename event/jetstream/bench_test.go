package jetstream_test

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/internal/dev/broker"
)

// facts returns n messages whose ids begin at from.
func facts(from, n int) (batch []event.Message) {
	for i := from; i < from+n; i++ {
		batch = append(batch, event.Message{
			ID: fmt.Sprint(i), Topic: "evt.order.placed", Key: fmt.Sprint("order-", i%1000),
			Header: map[string]string{"ce-id": fmt.Sprint(i), "ce-type": "amends.order.placed.v1"}, Data: make([]byte, 300),
		})
	}
	return batch
}

// BenchmarkPublish publishes in batches of 200; events/s is the rate.
func BenchmarkPublish(b *testing.B) {
	for name, durable := range map[string]bool{"fast": false, "durable": true} {
		b.Run(name, func(b *testing.B) {
			bus := open(b, start(b, broker.Options{Dir: b.TempDir(), Durable: durable}).URL(), jetstream.Options{})
			n := 0
			for b.Loop() {
				_, err := bus.Publish(b.Context(), facts(n, 200))
				require.NoError(b, err)
				n += 200
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkConsume consumes a backlog of 20,000 events.
func BenchmarkConsume(b *testing.B) {
	const backlog = 20_000
	bus := open(b, start(b, broker.Options{Dir: b.TempDir()}).URL(), jetstream.Options{})
	_, err := bus.Publish(b.Context(), facts(0, backlog))
	require.NoError(b, err)
	group := 0
	for b.Loop() {
		ctx, done := context.WithCancel(b.Context())
		heard := 0
		group++
		require.NoError(b, bus.Consume(ctx, fmt.Sprint("g", group), []string{"evt.order.placed"}, func(_ context.Context, batch []event.Message) error {
			if heard += len(batch); heard >= backlog {
				done()
			}
			return nil
		}))
		done()
	}
	b.ReportMetric(backlog*float64(group)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkLatency publishes one event and waits until it is handled.
func BenchmarkLatency(b *testing.B) {
	bus := open(b, start(b, broker.Options{Dir: b.TempDir()}).URL(), jetstream.Options{})
	heard := make(chan struct{})
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error)
	go func() {
		ended <- bus.Consume(ctx, "g", []string{"evt.order.placed"}, func(context.Context, []event.Message) error {
			heard <- struct{}{}
			return nil
		})
	}()
	for n := 0; b.Loop(); n++ {
		_, err := bus.Publish(b.Context(), facts(n, 1))
		require.NoError(b, err)
		<-heard
	}
	stop()
	require.NoError(b, <-ended)
}

// BenchmarkIdle reports the share of a core that a broker and a consumer without events
// use, in percent, over 5 s.
func BenchmarkIdle(b *testing.B) {
	bus := open(b, start(b, broker.Options{Dir: b.TempDir()}).URL(), jetstream.Options{})
	ctx, stop := context.WithTimeout(b.Context(), 5*time.Second)
	defer stop()
	before := cpu(b)
	require.NoError(b, bus.Consume(ctx, "g", []string{"evt.order.placed"}, func(context.Context, []event.Message) error { return nil }))
	b.ReportMetric(100*(cpu(b)-before).Seconds()/5, "%core")
}

// cpu returns the CPU time that this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
