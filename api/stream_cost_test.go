package api

import (
	"bufio"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/query"
)

// streamsAtOnce is how many streams the benchmark has open.
const streamsAtOnce = 500

// BenchmarkStreams shows what open streams, each of an order of its own, cost in this
// process: their clients, the gateway, the calls between it and the read model, and that on
// SQLite. It reports memory and goroutines of each, CPU time while nothing happens, and of an
// event from its projection to its client.
func BenchmarkStreams(b *testing.B) {
	m := storedModel(b)
	var told, happened []query.Change
	for _, f := range ordersOf("cus_42", streamsAtOnce) {
		told = append(told, tells(f), happensTo(f.Order.ID, placed))
	}
	m.apply(b, told...)
	c := DefaultConfig()
	c.Orders.Queue, c.Streams = "order", streamsAtOnce
	s, err := New(c, nil, WithLogger(slog.New(slog.DiscardHandler)), WithVerifier(anyone{}), WithQuery(m))
	require.NoError(b, err)
	server := httptest.NewServer(s)
	defer server.Close()
	before, routines := memory(), runtime.NumGoroutine()
	readers := make([]*bufio.Reader, streamsAtOnce)
	for i := range readers {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL+"/v1/orders/"+told[2*i].Order.ID+"/events", nil)
		require.NoError(b, err)
		r.Header.Set("Authorization", "Bearer token")
		answer, err := server.Client().Do(r)
		require.NoError(b, err)
		defer answer.Body.Close()
		require.Equal(b, http.StatusOK, answer.StatusCode)
		readers[i] = bufio.NewReaderSize(answer.Body, 512)
		drain(b, readers[i])
	}
	each, routines := memory()-before, runtime.NumGoroutine()-routines

	const idle = 2 * time.Second
	began := processor(b)
	<-time.After(idle)
	still := processor(b) - began

	began = processor(b)
	n := 0
	for b.Loop() {
		n++
		happened = happened[:0]
		for i := range readers {
			happened = append(happened, happensTo(told[2*i].Order.ID, entry(1, 0, fmt.Sprint("payment.event", n), "payment.capture", false)))
		}
		m.apply(b, happened...)
		var all sync.WaitGroup
		for _, r := range readers {
			all.Go(func() { drain(b, r) })
		}
		all.Wait()
	}
	b.ReportMetric(float64(each)/streamsAtOnce/1024, "KiB/stream") // after the loop, which clears them
	b.ReportMetric(float64(routines)/streamsAtOnce, "goroutines/stream")
	b.ReportMetric(still.Seconds()/idle.Seconds()*1000, "idle-CPU-ms/s")
	b.ReportMetric(float64((processor(b)-began).Microseconds())/float64(b.N)/streamsAtOnce, "CPU-µs/event")
	for i := range readers { // which ends the streams
		happened[i] = happensTo(told[2*i].Order.ID, confirmed)
	}
	m.apply(b, happened...)
}

// drain reads one event.
func drain(b *testing.B, r *bufio.Reader) {
	b.Helper()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			b.Error(err)
			return
		}
		if line == "\n" {
			return
		}
	}
}

// memory returns the bytes that are in use: heap and stacks.
func memory() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapInuse + s.StackInuse
}

// processor returns the CPU time of the process.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
