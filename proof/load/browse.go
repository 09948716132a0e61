package load

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// codeReduced is the answer to a question that gives way to orders.
const codeReduced = "REDUCED_CAPACITY"

// Browsing is how questions for products were answered while orders were placed. A question
// is asked once, when it is due.
type Browsing struct {
	Asked    int `json:"asked"`
	Answered int `json:"answered"`
	GaveWay  int `json:"gave_way"` // refused with REDUCED_CAPACITY or QUOTA_EXCEEDED
	Failed   int `json:"failed"`   // all others
	// Answer and Refusal are how long answers took, of those answered and those that gave
	// way.
	Answer  Latency `json:"answer"`
	Refusal Latency `json:"refusal"`
}

// browsers ask for products at a constant rate.
type browsers struct {
	mu              sync.Mutex
	asked, failed   int
	answer, refusal *histogram
}

// browse asks until stopped, and stop returns when every question is answered.
func (r *run) browse(ctx context.Context) (stop func()) {
	if r.o.Browse == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	places := make(chan struct{}, r.o.MaxInFlight)
	var running sync.WaitGroup
	running.Go(func() {
		began := time.Now()
		for n := 0; ; n++ {
			due := began.Add(time.Duration(float64(n) / r.o.Browse * float64(time.Second)))
			if sleep(ctx, time.Until(due)) != nil {
				return
			}
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				return
			}
			running.Go(func() {
				defer func() { <-places }()
				r.ask(context.WithoutCancel(ctx), r.o.Shop.SKUs[n%len(r.o.Shop.SKUs)], due)
			})
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// ask asks for one product.
func (r *run) ask(ctx context.Context, sku string, due time.Time) {
	a := r.call.once(ctx, callBrowse, 0, func(ctx context.Context) (*http.Response, error) { return r.call.api.GetProduct(ctx, sku) })
	r.browsers.mu.Lock()
	defer r.browsers.mu.Unlock()
	r.browsers.asked++
	switch {
	case a.good():
		r.browsers.answer.add(a.at.Sub(due))
	case a.code == codeReduced, a.code == codeQuota:
		r.browsers.refusal.add(a.at.Sub(due))
	default:
		r.browsers.failed++
	}
}

// sum returns the counts so far.
func (b *browsers) sum() Browsing {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Browsing{Asked: b.asked, Failed: b.failed, Answer: b.answer.latency(), Refusal: b.refusal.latency()}
	s.Answered, s.GaveWay = int(s.Answer.Count), int(s.Refusal.Count)
	return s
}
