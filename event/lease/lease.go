package lease

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"gorm.io/gorm"
)

// Lease is one process's share in a lease.
type Lease struct {
	// Holder names the process; it is random.
	Holder string

	db     *gorm.DB
	name   string
	period time.Duration
}

// New returns a lease that is not held. Another process may take a lease whose beat
// stands still for the period.
func New(db *gorm.DB, name string, period time.Duration) *Lease {
	return &Lease{Holder: rand.Text(), db: db, name: name, period: period}
}

// look is the longest time between two looks at the lease of another process, which may
// have given it back.
const look = 500 * time.Millisecond

// Beat is the time between two beats. It bounds the time that a beat may take.
func (l *Lease) Beat() time.Duration { return l.period / 6 }

// Await returns nil once this process holds the lease, otherwise the error of the
// database or of ctx. A lease that it has already, because it could not give it back, it
// takes at once.
func (l *Lease) Await(ctx context.Context) error {
	var seen State
	var since time.Time
	for {
		now, err := Held(l.db.WithContext(ctx), l.name)
		if err != nil {
			return err
		}
		if now != seen || since.IsZero() {
			seen, since = now, time.Now()
		}
		if now.Holder == "" || now.Holder == l.Holder || time.Since(since) >= l.period {
			if taken, err := Take(l.db.WithContext(ctx), l.name, l.Holder, now); taken || err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // the caller's own
		case <-time.After(min(look, l.Beat())):
		}
	}
}

// Keep renews the lease until ctx ends; then it returns nil. It returns an error half a
// period before another process may take the lease, or after it has.
func (l *Lease) Keep(ctx context.Context) error {
	tick := time.NewTicker(l.Beat())
	defer tick.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		began := time.Now()
		attempt, cancel := context.WithTimeout(ctx, l.Beat())
		err := Renew(l.db.WithContext(attempt), l.name, l.Holder)
		cancel()
		switch {
		case err == nil:
			renewed = began
		case ctx.Err() == nil && (errors.Is(err, ErrLost) || time.Since(renewed) >= l.period/2):
			return err
		}
	}
}

// Free gives the lease back, although ctx may have ended. It returns [ErrLost] if another
// process has it.
func (l *Lease) Free(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return Release(l.db.WithContext(ctx), l.name, l.Holder)
}

// Change runs f in a transaction that holds the [Lock], if this process
// holds the lease.
func (l *Lease) Change(ctx context.Context, f func(tx *gorm.DB) error) error {
	return Change(l.db.WithContext(ctx), l.name, l.Holder, f)
}
