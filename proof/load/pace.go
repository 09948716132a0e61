package load

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// place places every order and returns when each customer's turn is over.
func (r *run) place(ctx context.Context) {
	if r.o.Rate > 0 {
		r.open(ctx)
	} else {
		r.closed(ctx)
	}
}

// closed lets every customer place one order after the other.
func (r *run) closed(ctx context.Context) {
	began := time.Now()
	var next atomic.Int64
	var customers sync.WaitGroup
	for range r.o.Concurrency {
		customers.Go(func() {
			for ctx.Err() == nil {
				n := int(next.Add(1)) - 1
				if r.o.Orders > 0 && n >= r.o.Orders || r.o.Duration > 0 && time.Since(began) >= r.o.Duration {
					return
				}
				r.visit(ctx, n, time.Now())
			}
		})
	}
	customers.Wait()
}

// open sends every order when it is due, whatever the state of earlier ones. If it
// is late, because the machine is or because too many are under way, the next ones
// follow at once, and each counts from when it was due.
func (r *run) open(ctx context.Context) {
	began := time.Now()
	places := make(chan struct{}, r.o.MaxInFlight)
	var customers sync.WaitGroup
	defer customers.Wait()
	for n := 0; ; n++ {
		offset := time.Duration(float64(n) / r.o.Rate * float64(time.Second))
		if r.o.Orders > 0 && n >= r.o.Orders || r.o.Duration > 0 && offset >= r.o.Duration {
			return
		}
		due := began.Add(offset)
		if early := time.Until(due); early > 0 && sleep(ctx, early) != nil {
			return
		}
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		customers.Go(func() {
			defer func() { <-places }()
			r.visit(ctx, n, due)
		})
	}
}
