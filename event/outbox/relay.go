package outbox

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox/retention"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/saga/barrier/txn"
)

// Defaults of [Options].
const (
	defaultPoll   = 5 * time.Second
	defaultLease  = 15 * time.Second
	defaultRetain = 7 * 24 * time.Hour
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
	// It is at least three times Poll.
	Lease time.Duration
	// Retain is how long published rows are kept; 0 is 7 days. The broker keeps messages
	// for at least as long, and the inboxes of listeners remember ids for at least as long.
	Retain time.Duration
	// Observer is told of the relay's work; nil: none.
	Observer Observer
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

	o    Options
	db   *gorm.DB
	bus  event.Bus
	name string // its holder in the lease

	commits, rings, freed chan struct{} // signals, see listen

	until   time.Time // of the lease, zero without it
	checked bool      // the broker has all that was published, in epoch
	epoch   uint64    // of the bus, see event.Tail
	old     retention.Deletion
	failing bool
}

// NewRelay returns a relay that does not run yet. db must be migrated.
func NewRelay(db *gorm.DB, bus event.Bus, o Options) *Relay {
	set := func(d *time.Duration, or time.Duration) {
		if *d == 0 {
			*d = or
		}
	}
	set(&o.Poll, defaultPoll)
	set(&o.Lease, defaultLease)
	set(&o.Retain, defaultRetain)
	if o.Observer == nil {
		o.Observer = unobserved{}
	}
	one := func() chan struct{} { return make(chan struct{}, 1) }
	return &Relay{o: o, db: db, bus: bus, name: uuid.NewString(), commits: one(), rings: one(), freed: one()}
}

// Run publishes until ctx ends, and then lets another relay take over. It returns nil,
// so that it can be the Run of a part of a process. A relay runs once.
func (r *Relay) Run(ctx context.Context) error {
	defer onCommit(r.db.ConnPool, r.commits)()
	defer r.listen()()
	defer r.release(ctx)
	poll, retry := time.NewTicker(r.o.Poll), time.NewTimer(0)
	defer poll.Stop()
	defer retry.Stop()
	pause := firstPause
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C:
			err = r.tend(ctx)
		case <-retry.C:
			err = r.tend(ctx)
		case <-r.freed:
			err = r.round(ctx, true)
		case <-waking(r.rings, r.failing):
			err = r.round(ctx, false)
		case <-waking(r.commits, r.failing):
			if r.leading() {
				err = r.round(ctx, false)
			} else {
				r.ring(r.o.Service)
			}
		}
		if ctx.Err() != nil {
			return nil // cut off, so err means nothing
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

// waking returns c unless the relay fails: then it waits for its pause, else every
// commit would try a broker that is away.
func waking(c chan struct{}, failing bool) <-chan struct{} {
	if failing {
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
// old rows and measures.
func (r *Relay) tend(ctx context.Context) error {
	r.checked = false
	err := r.round(ctx, true)
	if !r.leading() {
		r.o.Observer.Waiting(0, 0, 0) // the leader reports
		return err
	}
	return errors.Join(err, r.old.Run(ctx, r.db, txn.Now().Add(-r.o.Retain)), r.measure(ctx)) // also while the broker is away
}

// round publishes all rows that wait, if the relay has the lease, or gets it in a round
// that may compete for it.
func (r *Relay) round(ctx context.Context, compete bool) error {
	if !compete && !r.leading() {
		return nil
	}
	for {
		if err := r.lease(ctx); err != nil || !r.leading() {
			return err
		}
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
	var stops []func()
	for name, c := range map[string]chan struct{}{r.o.Service: r.rings, r.o.Service + freed: r.freed} {
		stop, err := bell.OnRing("outbox."+name, func() { signal(c) })
		if err != nil {
			r.o.Logger.Warn("events of other processes wait for the poll", "service", r.o.Service, "error", err)
			continue
		}
		stops = append(stops, stop)
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// freed is the end of the name of the bell that says that a lease is free.
const freed = ".freed"

// ring wakes the relays of other processes.
func (r *Relay) ring(name string) {
	if bell, ok := r.bus.(event.Bell); ok {
		bell.Ring("outbox." + name)
	}
}

// refused reports whether err refuses a message for good.
func refused(err error) bool { return fault.KindOf(err) == fault.Bug }

// unobserved is the observer of a relay without one.
type unobserved struct{}

func (unobserved) Waiting(int64, time.Duration, int64) {}
func (unobserved) Published(int)                       {}
func (unobserved) Failed()                             {}
