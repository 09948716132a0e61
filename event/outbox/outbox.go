package outbox

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox/wake"
	"github.com/amends/amends/event/traced"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/txn"
)

// Name is that of the outbox's migrations, which have a numbering of their own.
const Name = "outbox"

// MaxSize is the largest size of an event's data, in bytes. Brokers refuse messages of
// a megabyte, headers included.
const MaxSize = 512 << 10

// Migrations has those of the tables, in a folder for each engine below "migrations".
//
//go:embed migrations
var Migrations embed.FS

// row is one event in the outbox.
type row struct {
	ID        int64
	EventID   string
	Type      string
	Key       string
	Data      string
	Meta      string
	At        time.Time
	Published *time.Time `gorm:"column:published_at"`
	Seq       *int64
}

// meta are the attributes of an event that no query needs, as JSON.
type meta struct {
	Correlation string `json:"correlation,omitempty"`
	Causation   string `json:"causation,omitempty"`
	Style       string `json:"style,omitempty"`
	Hops        int    `json:"hops,omitempty"`
	Trace       string `json:"trace,omitempty"`
	Sequence    int64  `json:"sequence,omitempty"`
}

// Tell adds the events to the outbox of tx, which [txn.Run] must run. It sets ID, Time,
// Causation, Hops and, unless it is set, Style from the cause of tx's context (see
// [event.CausedBy]), and Trace from its span. It belongs behind the statement that locks the aggregate's row: only then are
// the events of a key in the order of the commits. The statement is queued (see
// [txn.Queue]), so an error of the database may come from a later one. A repeat tells
// other events. An event that no listener could read, or whose data is larger than
// [MaxSize], is a fault of kind bug.
func Tell(tx *gorm.DB, events ...event.Event) error {
	if len(events) == 0 {
		return nil
	}
	if err := txn.After(tx, func() { wake.All(tx.ConnPool) }); err != nil {
		return err //nolint:wrapcheck // a fault
	}
	now := txn.Now()
	args := make([]any, 0, 6*len(events))
	for _, e := range events {
		e, err := stamped(tx.Statement.Context, e, now)
		if err != nil {
			return err
		}
		attributes, err := json.Marshal(meta{e.Correlation, e.Causation, e.Style, e.Hops, e.Trace, e.Sequence})
		if err != nil {
			return fault.Errorf(fault.Bug, fault.Internal, "event %s: %w", e.Type, err)
		}
		args = append(args, e.ID, e.Type, e.Key, string(e.Data), string(attributes), e.Time)
	}
	values := strings.Repeat(", (?, ?, ?, ?, ?, ?)", len(events))[2:]
	_, err := txn.Exec(txn.Queue(tx, int64(len(events))), "INSERT INTO outbox (event_id, type, key, data, meta, at) VALUES "+values, args...)
	return err //nolint:wrapcheck // the database's, which txn.Run classifies
}

// stamped returns e as it is published.
func stamped(ctx context.Context, e event.Event, now time.Time) (event.Event, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return e, fault.Errorf(fault.Transient, fault.Internal, "event %s: %w", e.Type, err)
	}
	e.ID, e.Time = id.String(), now
	if cause, ok := event.Cause(ctx); ok {
		e.Causation, e.Hops, e.Style = cause.ID, cause.Hops+1, cmp.Or(e.Style, cause.Style)
	}
	e.Trace = traced.Parent(ctx)
	if !json.Valid(e.Data) || len(e.Data) > MaxSize {
		return e, fault.Errorf(fault.Bug, fault.Invalid, "event %s of %q: its %d bytes are no JSON, or more than %d", e.Type, e.Key, len(e.Data), MaxSize)
	}
	return e, e.Validate() //nolint:wrapcheck // a fault
}

// message returns r as the broker gets it.
func (r row) message() (event.Message, error) {
	var m meta
	if err := json.Unmarshal([]byte(r.Meta), &m); err != nil {
		return event.Message{}, fault.Errorf(fault.Bug, fault.Invalid, "event %s: its attributes: %w", r.EventID, err)
	}
	return event.Encode(event.Event{
		ID: r.EventID, Type: r.Type, Key: r.Key, Time: r.At, Data: json.RawMessage(r.Data),
		Correlation: m.Correlation, Causation: m.Causation, Style: m.Style, Hops: m.Hops, Trace: m.Trace, Sequence: m.Sequence,
	}), nil
}
