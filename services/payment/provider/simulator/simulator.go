package simulator

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/payment/provider"
)

// errNoReply is how a connection ends on which no answer came.
var errNoReply = errors.New("the connection was closed without a reply")

//go:embed migrations/*.sql
var files embed.FS

// Schema is that of the simulator's database.
var Schema = database.Schema{database.Migrations(files)}

// Options are the times of a [Simulator]. 0 means the default.
type Options struct {
	// HangFor is how long a reply that hangs keeps its caller waiting, unless the
	// caller's context ends first. It must exceed the caller's patience to look
	// like a hang. Default 30 s.
	HangFor time.Duration
	// SlowFor is how long tok_slow takes to authorize. Default 3 s.
	SlowFor time.Duration
	// UnknownFor is how long tok_unknown answers nothing. Default 2 min.
	UnknownFor time.Duration
	// Now is the clock that UnknownFor is measured by. Default [time.Now].
	Now func() time.Time
}

// Simulator implements [provider.Provider]. It keeps nothing in memory; several may
// work on one database.
type Simulator struct {
	db *gorm.DB
	o  Options
}

var _ provider.Provider = (*Simulator)(nil)

// New returns a simulator on db, which must be migrated to [Schema].
func New(db *gorm.DB, o Options) *Simulator {
	o.HangFor = cmp.Or(o.HangFor, 30*time.Second)
	o.SlowFor = cmp.Or(o.SlowFor, 3*time.Second)
	o.UnknownFor = cmp.Or(o.UnknownFor, 2*time.Minute)
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the external system has a clock of its own
	}
	return &Simulator{db: db, o: o}
}

// now returns the clock's time as the database stores it.
func (s *Simulator) now() time.Time { return s.o.Now().UTC().Truncate(time.Microsecond) }

// hang keeps the caller waiting for a reply that never comes.
func (s *Simulator) hang(ctx context.Context) error {
	if err := wait(ctx, s.o.HangFor); err != nil {
		return err
	}
	return errNoReply
}

// reply answers with row, unless its token asks for silence.
func (s *Simulator) reply(ctx context.Context, row effect) (provider.Effect, error) {
	if row.silentAt(s.now(), s.o.UnknownFor) {
		return provider.Effect{}, s.hang(ctx)
	}
	return row.provider(), nil
}

// wait returns nil after d, or ctx's error if it ends first.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
