package discovery

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"
)

// List follows the instances of one service.
type List struct {
	Registry Registry
	Service  string
	// Probe returns nil if an instance is there although its lease has ended; nil:
	// it is if it takes a TCP connection.
	Probe func(ctx context.Context, address string) error
	// Logger must be set.
	Logger *slog.Logger
}

// Snapshot is a service's instances at one time.
type Snapshot struct {
	Instances []Instance // in the order of their ids
	// Kept is how many of them have no lease, but are kept: more than half of the
	// leases ended together. They go when a probe fails repeatedly.
	Kept int
	// Stale is set while the registry is away: the instances are the last ones known.
	Stale bool
	// Err is why the registry is away; nil unless Stale.
	Err error
}

const (
	retryWatch = 500 * time.Millisecond // until the next attempt while the registry is away
	maxProbes  = 3                      // failed ones in a row end an instance that is kept
)

// Run calls f with the instances, first when the registry has answered or failed, then
// for each change of who there is, whether it is stale, or kept; a mere renewal is none.
// It returns when ctx ends.
func (l *List) Run(ctx context.Context, f func(Snapshot)) {
	changes, lost, probed := make(chan Change), make(chan error), make(chan map[string]bool, 1) // at most one round
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	running.Go(func() { l.watch(ctx, changes, lost) })

	lease := l.Registry.Lease()
	var tick <-chan time.Time // of the probes
	if lease > 0 {
		t := time.NewTicker(lease / renewals)
		defer t.Stop()
		tick = t.C
	}
	var settled <-chan time.Time // when the leases that end together have ended
	view, probing := newView(), false
	var last *Snapshot
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-changes:
			view.apply(c)
		case err := <-lost:
			view.lost(err)
		case <-settled:
			settled = nil
			l.report(view.judge())
		case <-tick:
			if addresses := view.kept(); len(addresses) > 0 && !probing {
				probing = true
				running.Go(func() { probed <- l.probeAll(ctx, addresses, lease/renewals) })
			}
		case dead := <-probed:
			probing = false
			view.probed(dead)
		}
		if settled == nil && view.count(ended) > 0 {
			settled = time.After(lease / 2)
		}
		if s := view.snapshot(); view.answered && (last == nil || differ(*last, s)) {
			last = &s
			f(s)
		}
	}
}

func (l *List) watch(ctx context.Context, changes chan<- Change, lost chan<- error) {
	for {
		err := l.Registry.Watch(ctx, l.Service, func(c Change) {
			select {
			case changes <- c:
			case <-ctx.Done():
			}
		})
		if ctx.Err() != nil {
			return
		}
		select {
		case lost <- err:
		case <-ctx.Done():
			return
		}
		if !pause(ctx, retryWatch) {
			return
		}
	}
}

func (l *List) report(total, lost int, kept bool) {
	switch {
	case lost == 0:
	case kept:
		l.Logger.Warn("most leases of a service ended at once, so its instances are kept and probed", "service", l.Service, "instances", total, "ended", lost)
	default:
		l.Logger.Warn("instances are gone without having left", "service", l.Service, "instances", total, "ended", lost)
	}
}

// probeAll probes addresses at once and returns those without an answer.
func (l *List) probeAll(ctx context.Context, addresses []string, within time.Duration) map[string]bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	probe := l.Probe
	if probe == nil {
		probe = connect
	}
	silent := make([]bool, len(addresses))
	var all sync.WaitGroup
	for n, a := range addresses {
		all.Go(func() { silent[n] = probe(ctx, a) != nil })
	}
	all.Wait()
	dead := map[string]bool{}
	for n, a := range addresses {
		dead[a] = silent[n]
	}
	return dead
}

func connect(ctx context.Context, address string) error {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return c.Close()
}
