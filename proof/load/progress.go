package load

import (
	"sync"
	"time"
)

// window is the least time over which [Progress.PerSecond] averages: over one
// redrawing of a line it would only flicker.
const window = 3 * time.Second

// reporter calls Options.Progress.
type reporter struct {
	r     *run
	began time.Time
	end   chan struct{}
	ended sync.WaitGroup

	mu     sync.Mutex // one call at a time
	phase  Phase
	recent []sample
}

// sample is the number of acknowledged orders at a time.
type sample struct {
	at           time.Time
	acknowledged int64
}

// report starts to report the progress of the load, until the phase is Done.
func (r *run) report(began time.Time) *reporter {
	p := &reporter{r: r, began: began, phase: Placing, end: make(chan struct{}), recent: []sample{{began, 0}}}
	if r.o.Progress == nil {
		return p
	}
	p.ended.Go(func() {
		tick := time.NewTicker(r.o.Every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.tell()
			case <-p.end:
				return
			}
		}
	})
	return p
}

// enter sets the phase of the load.
func (p *reporter) enter(phase Phase) {
	p.mu.Lock()
	p.phase = phase
	p.mu.Unlock()
	if phase == Done {
		close(p.end)
		p.ended.Wait()
		if p.r.o.Progress != nil {
			p.tell()
		}
	}
}

func (p *reporter) tell() {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, now := p.r, sample{time.Now(), p.r.acknowledged.Load()}
	for len(p.recent) > 1 && now.at.Sub(p.recent[1].at) >= window {
		p.recent = p.recent[1:]
	}
	before := p.recent[0]
	p.recent = append(p.recent, now)

	measured, of := "acknowledgement", r.acknowledgement
	if of.count() == 0 {
		measured, of = "decision", r.decision[everyKind]
	}
	r.o.Progress(Progress{
		Phase: p.phase, Elapsed: now.at.Sub(p.began), Placed: int(r.placed.Load()), Acknowledged: int(now.acknowledged),
		Decided: int(r.decided.Load()), Checked: int(r.checked.Load()), InFlight: int(r.inFlight.Load()),
		Retries: int(r.call.retries.Load()), Errors: int(r.call.failures.Load()),
		PerSecond: perSecond(int(now.acknowledged-before.acknowledged), now.at.Sub(before.at)),
		P99:       of.quantile(99), Measured: measured,
	})
}
