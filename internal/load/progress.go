package load

import (
	"sync"
	"time"
)

// report calls Options.Progress from now on, and returns how to say what the load
// is doing; with Done it has been called for the last time.
func (r *run) report(began time.Time) (say func(Phase)) {
	if r.o.Progress == nil {
		return func(Phase) {}
	}
	var (
		mu         sync.Mutex // one call at a time
		phase      = Placing
		last       = began
		lastPlaced int64
		end        = make(chan struct{})
		ended      sync.WaitGroup
		tell       func()
	)
	tell = func() {
		now, acknowledged := time.Now(), r.acknowledged.Load()
		p := Progress{
			Phase: phase, Elapsed: now.Sub(began), Placed: int(r.placed.Load()), Acknowledged: int(acknowledged),
			Decided: int(r.decided.Load()), Checked: int(r.checked.Load()), InFlight: int(r.inFlight.Load()),
			PerSecond: float64(acknowledged-lastPlaced) / max(now.Sub(last).Seconds(), 0.001),
			Retries:   int(r.call.retries.Load()), Errors: int(r.call.failures.Load()),
		}
		h := r.acknowledgement
		if h.count() == 0 {
			h = r.decision[everyKind]
		}
		p.P50, p.P99 = h.quantile(50), h.quantile(99)
		last, lastPlaced = now, acknowledged
		r.o.Progress(p)
	}
	ended.Go(func() {
		tick := time.NewTicker(r.o.Every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				mu.Lock()
				tell()
				mu.Unlock()
			case <-end:
				return
			}
		}
	})
	return func(p Phase) {
		if p == Done {
			close(end)
			ended.Wait()
		}
		mu.Lock()
		defer mu.Unlock()
		phase = p
		if p == Done {
			tell()
		}
	}
}
