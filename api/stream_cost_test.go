package api

import (
	"bufio"
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

// BenchmarkStreams shows what open streams cost in this process, their clients and the read
// model included: memory of each, CPU time while nothing happens, and of an event that all
// of them get.
func BenchmarkStreams(b *testing.B) {
	m := newModel()
	m.add(accountsOrder, placed)
	m.tell(told(accountsOrder, "cus_42", query.Confirmed, 1))
	c := DefaultConfig()
	c.Orders.Queue, c.Streams = "order", streamsAtOnce
	s, err := New(c, nil, WithLogger(slog.New(slog.DiscardHandler)), WithVerifier(anyone{}), WithQuery(m))
	require.NoError(b, err)
	server := httptest.NewServer(s)
	defer server.Close()
	before := memory()
	readers := make([]*bufio.Reader, streamsAtOnce)
	for i := range readers {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL+"/v1/orders/"+accountsOrder+"/events", nil)
		require.NoError(b, err)
		r.Header.Set("Authorization", "Bearer token")
		answer, err := server.Client().Do(r)
		require.NoError(b, err)
		defer answer.Body.Close()
		require.Equal(b, http.StatusOK, answer.StatusCode)
		readers[i] = bufio.NewReaderSize(answer.Body, 512)
		drain(b, readers[i])
	}
	each := memory() - before

	const idle = time.Second
	began := processor(b)
	<-time.After(idle)
	still := processor(b) - began

	began = processor(b)
	n := int64(1)
	for b.Loop() {
		n++
		m.add(accountsOrder, entry(1, n, "payment.captured", "payment.capture", false))
		var all sync.WaitGroup
		for _, r := range readers {
			all.Go(func() { drain(b, r) })
		}
		all.Wait()
	}
	b.ReportMetric(float64(each)/streamsAtOnce/1024, "KiB/stream") // after the loop, which clears them
	b.ReportMetric(still.Seconds()/idle.Seconds()*1000, "idle-CPU-ms/s")
	b.ReportMetric(float64((processor(b)-began).Microseconds())/float64(b.N)/streamsAtOnce, "CPU-µs/event")
	m.add(accountsOrder, entry(1, n+1, "order.confirmed", "order.confirm", true))
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
