package outbox

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/event/outbox/retention"
	"github.com/amends/amends/event/outbox/wake"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/saga/barrier/txn"
)

// Defaults of [Options].
const (
	defaultPoll   = 5 * time.Second
	defaultLease  = 15 * time.Second
	defaultRetain = 7 * 24 * time.Hour
	// rest is the time between two rounds of commits, in which others join the next one: a
	// round of one event costs as many statements as a round of hundreds. A commit behind a
	// longer silence is published at once.
	rest = 15 * time.Millisecond
	// firstPause is the pause after a first failed round; it doubles up to Poll.
	firstPause = 50 * time.Millisecond
	// farewell bounds each statement that follows the end of a relay's context.
	farewell = 2 * time.Second
)

// Options configure a [Relay].
type Options struct {
	// Service is the name of the service whose outbox it is; it names the bell.
	Service string
	// Poll is the longest time until rows are looked for; 0 is 5 s. Usually a relay is
	// woken by the commit.
	Poll time.Duration
	// Lease is how long a relay that has died keeps others from publishing; 0 is 15 s.
	Lease time.Duration
	// Retain is how long published rows are kept; 0 is 7 days. The broker keeps messages
	// for at least as long, and the inboxes of listeners remember ids for at least as long.
	Retain time.Duration
	// Observer is told of the relay's work; nil: none.
	Observer Observer
	// Tracer makes spans, see [traced.Publish]; nil: none.
	Tracer trace.Tracer
	// Logger must be set.
	Logger *slog.Logger
}

// Observer measures a relay. Its methods must not block.
type Observer interface {
	// Waiting reports how many rows are not published, the age of the oldest, 0 for
	// none, and how many are dead. Only the leader reports them; the others report 0.
	Waiting(rows int64, oldest time.Duration, dead int64)
	// Published reports that n more rows were published.
	Published(n int)
	// Failed reports that a round failed. The rows wait.
	Failed()
}

// Relay publishes the outbox of one database on a bus. Of several relays on a database
// one does the work, and another one takes over when it ends.
type Relay struct {
	// Rounds receives the result of every round that was not cut off.
	Rounds background.Signal[error]

	o     Options
	db    *gorm.DB
	bus   event.Bus
	lease *lease.Lease

	commits, rings chan struct{} // signals, see listen

	checked bool   // the broker has all that was published, in epoch
	epoch   uint64 // of the bus, see event.Tail
	old     retention.Deletion
	failing bool
}

// NewRelay returns a relay that does not run yet. db must be migrated, to [lease.Migrations]
// too.
func NewRelay(db *gorm.DB, bus event.Bus, o Options) *Relay {
	o.Poll = cmp.Or(o.Poll, defaultPoll)
	o.Lease = cmp.Or(o.Lease, defaultLease)
	o.Retain = cmp.Or(o.Retain, defaultRetain)
	if o.Observer == nil {
		o.Observer = unobserved{}
	}
	return &Relay{
		o: o, db: db, bus: bus, lease: lease.New(db, Name, o.Lease),
		commits: make(chan struct{}, 1), rings: make(chan struct{}, 1),
	}
}

// Run publishes until ctx ends, whenever this relay holds the lease, and then lets another
// one take over. It returns nil, so that it can be the Run of a part of a process. A relay
// runs once.
func (r *Relay) Run(ctx context.Context) error {
	defer wake.On(r.db.ConnPool, r.commits)()
	defer r.listen()()
	retry := background.Retry{First: firstPause, Most: r.o.Poll, Report: func(err error) {
		r.o.Logger.Warn("events wait for the lease of the outbox", "service", r.o.Service, "error", err)
	}}
	for ctx.Err() == nil {
		_ = retry.Do(ctx, r.await) // reported
		if ctx.Err() == nil {
			r.lead(ctx)
		}
	}
	return nil
}

// await returns nil once this relay has the lease. Meanwhile it passes the commits of this
// process on to the relay that has it.
func (r *Relay) await(ctx context.Context) error {
	won := make(chan error, 1)
	go func() { won <- r.lease.Await(ctx) }()
	for {
		select {
		case err := <-won:
			return err
		case <-r.commits:
			r.ring()
		}
	}
}

// lead publishes until ctx ends or the lease is lost, and gives the lease back.
func (r *Relay) lead(ctx context.Context) {
	leading, end := context.WithCancel(ctx)
	var kept sync.WaitGroup
	kept.Go(func() {
		defer end()
		if err := r.lease.Keep(leading); err != nil {
			r.o.Logger.Warn("another relay may publish", "service", r.o.Service, "error", err)
		}
	})
	r.checked = false // another relay may have led
	r.publishAll(leading)
	end()
	kept.Wait()
	r.o.Observer.Waiting(0, 0, 0) // the leader reports
	if err := r.lease.Free(ctx); err != nil && !errors.Is(err, lease.ErrLost) {
		r.o.Logger.Warn("the lease of the outbox runs out by itself", "service", r.o.Service, "error", err)
	}
}

// publishAll does a round for each commit, ring and poll until ctx ends.
func (r *Relay) publishAll(ctx context.Context) {
	poll, retry, rested := time.NewTicker(r.o.Poll), time.NewTimer(0), time.NewTimer(0)
	defer poll.Stop()
	defer retry.Stop()
	defer rested.Stop()
	pause, resting := firstPause, false
	for {
		var err error
		asleep := r.failing || resting
		select {
		case <-ctx.Done():
			return
		case <-rested.C:
			resting = false
			continue
		case <-poll.C:
			err = r.tend(ctx)
		case <-retry.C:
			err = r.tend(ctx)
		case <-waking(r.rings, asleep):
			err = r.round(ctx)
		case <-waking(r.commits, asleep):
			err = r.round(ctx)
		}
		resting = true
		rested.Reset(rest)
		if ctx.Err() != nil {
			return // cut off, so err means nothing
		}
		r.report(err)
		if err == nil {
			pause = firstPause
			continue
		}
		retry.Reset(min(pause, r.o.Poll))
		pause = min(2*pause, r.o.Poll)
	}
}

// waking returns c unless the relay is asleep: because it rests, or because it fails, when
// every commit would else try a broker that is away.
func waking(c chan struct{}, asleep bool) <-chan struct{} {
	if asleep {
		return nil
	}
	return c
}

// report tells of the end of a round.
func (r *Relay) report(err error) {
	if err != nil {
		r.checked = false // the broker may come back with less
		r.o.Observer.Failed()
		if !r.failing {
			r.o.Logger.Warn("events wait for the broker", "service", r.o.Service, "error", err)
		}
	}
	r.failing = err != nil
	r.Rounds.Emit(err)
}

// tend is the round of a poll. Beside publishing it looks at the broker's tail, deletes
// old rows and measures, also while the broker is away.
func (r *Relay) tend(ctx context.Context) error {
	r.checked = false
	return errors.Join(r.round(ctx), r.old.Run(ctx, r.db, txn.Now().Add(-r.o.Retain)), r.measure(ctx))
}

// round publishes all rows that wait.
func (r *Relay) round(ctx context.Context) error {
	for {
		if err := r.checkTail(ctx); err != nil {
			return err
		}
		if more, err := r.publish(ctx); err != nil || !more {
			return err
		}
	}
}

// listen has the relay woken by other processes, until stop. A bus without a bell leaves
// them to the poll.
func (r *Relay) listen() (stop func()) {
	bell, ok := r.bus.(event.Bell)
	if !ok {
		return func() {}
	}
	stop, err := bell.OnRing(r.bell(), func() { background.Ring(r.rings) })
	if err != nil {
		r.o.Logger.Warn("events of other processes wait for the poll", "service", r.o.Service, "error", err)
		return func() {}
	}
	return stop
}

// ring wakes the relay that leads, in another process.
func (r *Relay) ring() {
	if bell, ok := r.bus.(event.Bell); ok {
		bell.Ring(r.bell())
	}
}

func (r *Relay) bell() string { return "outbox." + r.o.Service }

// refused reports whether err refuses a message for good.
func refused(err error) bool { return fault.KindOf(err) == fault.Bug }

// unobserved is the observer of a relay without one.
type unobserved struct{}

func (unobserved) Waiting(int64, time.Duration, int64) {}
func (unobserved) Published(int)                       {}
func (unobserved) Failed()                             {}
