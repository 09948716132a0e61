package chaos

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/amends/amends/proof/wait"
)

// maxFault bounds one fault with its end: the engine's restart, or the wait for
// traffic to fall into a hole.
const maxFault = 3 * time.Minute

// hits are the faults that were seen to hit, and why the others did not count.
type hits struct {
	mu     sync.Mutex
	count  map[Fault]int // with kind, and for [KillWorker] the victim
	missed []string
	last   time.Time // end of the last fault
}

// label is the name under which a fault is counted.
func (f Fault) label() Fault {
	l := Fault{Kind: f.Kind}
	if f.Kind == KillWorker {
		l.Victim = f.Victim
	}
	return l
}

func (h *hits) add(f Fault, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = time.Now()
	if err == nil {
		h.count[f.label()]++
		return
	}
	h.missed = append(h.missed, fmt.Sprintf("%s %s: %v", f.Kind, f.Victim, err))
}

// breakAll makes the faults, each at its time, and returns when the last one has
// ended.
func (p *platform) breakAll(ctx context.Context, schedule []Fault) *hits {
	h := &hits{count: map[Fault]int{}, last: time.Now()}
	began := time.Now()
	var all sync.WaitGroup
	for _, f := range schedule {
		all.Go(func() {
			if wait.For(ctx, time.Until(began.Add(f.At))) != nil {
				return
			}
			ctx, cancel := context.WithTimeout(ctx, maxFault)
			defer cancel()
			h.add(f, p.breakOne(ctx, f))
		})
	}
	all.Wait()
	return h
}

// breakOne makes one fault and ends it again. It returns an error unless the fault
// was seen to hit and the platform is whole again.
func (p *platform) breakOne(ctx context.Context, f Fault) error {
	switch f.Kind {
	case KillAPI, KillWorker, KillOneOrder:
		return p.killParts(ctx, f.For, apiIfNone(f.Victim))
	case KillBothOrder:
		return p.killParts(ctx, f.For, workers[0], workers[1])
	case KillInTask:
		return p.killInTask(ctx, f.For)
	case KillPostgres:
		return p.killPostgres(ctx, f.For)
	case KillEngine:
		return p.killEngine(ctx, f.For)
	case KillEnginePostgres:
		return p.killEnginePostgres(ctx, f.For)
	case StopWorker:
		return p.on(f.Victim, func(part *process) error { return p.freeze(ctx, part, f.For) })
	case CutDatabase:
		return p.on(f.Victim, func(*process) error { return p.toDatabase[f.Victim].cut(ctx, f.For) })
	case CutEngine:
		return p.on(f.Victim, func(*process) error { return p.toEngine[f.Victim].cut(ctx, f.For) })
	case HoleDatabase:
		return p.on(f.Victim, func(*process) error { return p.toDatabase[f.Victim].swallow(ctx, f.Lost, f.For) })
	case HoleEngine:
		return p.on(f.Victim, func(*process) error { return p.toEngine[f.Victim].swallow(ctx, f.Lost, f.For) })
	case KillBroker:
		return p.killParts(ctx, f.For, brokerName)
	case StopBroker:
		return p.on(brokerName, func(part *process) error { return part.freeze(ctx, f.For) })
	case CutBroker:
		return p.on(f.Victim, func(*process) error { return p.toBroker[f.Victim].cut(ctx, f.For) })
	case HoleBroker:
		return p.on(f.Victim, func(*process) error { return p.toBroker[f.Victim].swallow(ctx, f.Lost, f.For) })
	case ChangePrices:
		return p.changePrices(ctx)
	case Cancelled, Duplicated:
	}
	return fmt.Errorf("%s is not done to the platform", f.Kind)
}

func apiIfNone(victim string) string {
	if victim == "" {
		return apiName
	}
	return victim
}

// on acts on a process, one fault at a time.
func (p *platform) on(victim string, do func(*process) error) error {
	part := p.parts[victim]
	part.victim.Lock()
	defer part.victim.Unlock()
	return do(part)
}

// killParts kills processes at once, and starts them again after that time.
func (p *platform) killParts(ctx context.Context, down time.Duration, names ...string) error {
	for _, name := range names { // always in the order of workers, so there is no deadlock
		p.parts[name].victim.Lock()
		defer p.parts[name].victim.Unlock()
	}
	var err error
	for _, name := range names {
		err = errors.Join(err, p.parts[name].kill(ctx))
	}
	err = errors.Join(err, wait.For(ctx, down))
	for _, name := range names {
		err = errors.Join(err, p.parts[name].start())
	}
	return err
}

// freeze stops a process while it has work to do: when it is ready, and as long as
// an engine hands it some.
func (p *platform) freeze(ctx context.Context, part *process, during time.Duration) error {
	p.engine.victim.RLock()
	defer p.engine.victim.RUnlock()
	if err := wait.Until(ctx, part.name+" is ready", func() bool { return wait.Answers(ctx, part.admin+"/readyz") }); err != nil {
		return err
	}
	return part.freeze(ctx, during)
}

func (p *platform) killPostgres(ctx context.Context, down time.Duration) error {
	p.services.Lock()
	defer p.services.Unlock()
	return errors.Join(p.services.Kill(ctx), wait.For(ctx, down), p.services.Recover(ctx))
}

func (p *platform) killEngine(ctx context.Context, down time.Duration) error {
	p.engine.victim.Lock()
	defer p.engine.victim.Unlock()
	return errors.Join(p.engine.kill(ctx), wait.For(ctx, down), p.engine.start(ctx))
}

func (p *platform) killEnginePostgres(ctx context.Context, down time.Duration) error {
	p.engine.victim.Lock()
	defer p.engine.victim.Unlock()
	return errors.Join(p.engines.Kill(ctx), wait.For(ctx, down), p.engines.Recover(ctx))
}

// changePrices imports new prices, and repeats that until the tool succeeds: the
// database may be away.
func (p *platform) changePrices(ctx context.Context) error {
	version := p.prices.next()
	var failed error
	err := wait.Until(ctx, "the prices are imported", func() bool {
		failed = p.importPrices(ctx, version)
		return failed == nil
	})
	if err != nil {
		return errors.Join(err, failed)
	}
	return p.check(ctx, "catalog", "SELECT price_minor FROM products WHERE sku = '"+tea+"'", func(got int64) bool {
		return got >= p.prices.of(tea, version) // another change may have come after it
	})
}

// check reads a number from a service's database.
func (p *platform) check(ctx context.Context, database, query string, right func(int64) bool) error {
	conn, err := p.connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var got int64
	if err := conn.QueryRow(ctx, query).Scan(&got); err != nil {
		return fmt.Errorf("%s: %w", strings.Fields(query)[0], err)
	}
	if !right(got) {
		return fmt.Errorf("%s: %d", query, got)
	}
	return nil
}
