package inbox

import (
	"cmp"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox/trouble"
	"github.com/amends/amends/event/inbox/waiting"
)

// Options configure a [Group]. DB, Bus and Logger must be set; zero means the default.
type Options struct {
	// DB is the listener's own database, migrated to [waiting.Migrations].
	DB *gorm.DB
	// Bus delivers the events.
	Bus event.Bus
	// Lanes is how many events of a reaction are handled at the same time, and how many
	// letters. The default is 8. A projection has one lane, and as many for letters.
	Lanes int
	// Patience is how long a batch waits for one event of a reaction; then the event
	// goes on by itself as a letter. The default is 1 s.
	Patience time.Duration
	// Limit bounds one call of a handler. The default is 30 s.
	Limit time.Duration
	// Retry says when a letter that failed is tried again.
	Retry waiting.Retry
	// Lease is how long the beat of a process may stand still before another one takes
	// over its group. It is longer than the bus keeps the messages of a dead consumer from
	// others, or the next one waits for that. The default is 15 s.
	Lease time.Duration
	// Poll is the interval between two looks at the letters for decisions of operators.
	// The default is 5 s.
	Poll time.Duration
	// Retention is how long settled letters and the ids of a projection's events are
	// kept. It must be at least as long as the outbox and the bus keep events: an older
	// one that came again would have a second effect. The default is 9 days.
	Retention time.Duration
	// Step is the length of a step of a redrive's ramp. The default is 1 s.
	Step time.Duration
	// Report tells others of events that are not handled; nil: none is told.
	Report trouble.Report
	// Meter receives measurements. Nil drops them.
	Meter Meter
	// Tracer makes the spans of handlers; nil: none.
	Tracer trace.Tracer
	// Logger must be set.
	Logger *slog.Logger
}

// Meter receives the measurements of groups.
type Meter interface {
	// Handled counts events that were handled, outcomes included.
	Handled(group string, n int)
	// Failed counts an attempt that failed, by the kind of its fault.
	Failed(group, kind string)
	// Stand is called by the process that handles the group, every 15 s; oldest is when
	// the oldest letter came, the zero time for none.
	Stand(group string, waiting, dead int64, oldest time.Time)
}

func (o Options) withDefaults() Options {
	o.Lanes = max(1, cmp.Or(o.Lanes, 8))
	o.Patience = cmp.Or(o.Patience, time.Second)
	o.Limit = cmp.Or(o.Limit, 30*time.Second)
	o.Retry = o.Retry.WithDefaults()
	o.Lease = cmp.Or(o.Lease, 15*time.Second)
	o.Poll = cmp.Or(o.Poll, 5*time.Second)
	o.Retention = cmp.Or(o.Retention, 9*24*time.Hour)
	o.Step = cmp.Or(o.Step, time.Second)
	if o.Meter == nil {
		o.Meter = unmeasured{}
	}
	return o
}

type unmeasured struct{}

func (unmeasured) Handled(string, int)                   {}
func (unmeasured) Failed(string, string)                 {}
func (unmeasured) Stand(string, int64, int64, time.Time) {}
