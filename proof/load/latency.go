package load

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// longest is the longest latency that a histogram distinguishes.
const longest = time.Hour

// histogram of latencies, in microseconds with three significant digits. Safe for
// use by many goroutines.
type histogram struct {
	mu sync.Mutex
	h  *hdrhistogram.Histogram
}

func newHistogram() *histogram {
	return &histogram{h: hdrhistogram.New(1, longest.Microseconds(), 3)}
}

func (h *histogram) add(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	// Within these bounds it cannot fail.
	_ = h.h.RecordValue(max(1, min(d, longest).Microseconds()))
}

func (h *histogram) quantile(percent float64) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Duration(h.h.ValueAtQuantile(percent)) * time.Microsecond
}

func (h *histogram) count() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.h.TotalCount()
}

func (h *histogram) latency() Latency {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.h.TotalCount() == 0 {
		return Latency{}
	}
	ms := func(microseconds int64) float64 { return float64(microseconds) / 1000 }
	return Latency{
		Count: h.h.TotalCount(),
		P50:   ms(h.h.ValueAtQuantile(50)), P95: ms(h.h.ValueAtQuantile(95)), P99: ms(h.h.ValueAtQuantile(99)),
		Max: ms(h.h.Max()), Mean: h.h.Mean() / 1000,
	}
}
