package event

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Bus is a broker: it keeps messages and hands them to every group. Retries, order per
// key across failures and dead letters are the listener's (package inbox), so a broker
// needs no more than this. The suite eventtest.Bus holds for every Bus.
type Bus interface {
	// Publish stores the messages in order and returns the position of each that is
	// stored: of the first n, if it fails at message n. Positions grow if the bus is a
	// [Tail]; those of another one mean nothing and may all be 0. A fault of kind bug
	// refuses message n for good, such as one that is too large; every other error may
	// pass, and message n and those behind it may be stored nevertheless. Publishing a
	// message again may store it twice.
	Publish(ctx context.Context, batch []Message) (positions []uint64, err error)

	// Consume calls handle with the messages on topics, or below one of them (see
	// [Covers]), that the group has not acknowledged, in batches, one batch at a time per
	// call of Consume. The group has no other messages: it costs nothing that others
	// hear. A new group begins with the oldest message. Messages of one key arrive
	// in the order in which they were stored, again if handle failed. A nil error of
	// handle acknowledges the batch; another one has it delivered again, after a
	// pause. Several processes may consume for one group: each message goes to one of
	// them, and to another one if the first does not acknowledge in time. Consume
	// reconnects by itself, and returns nil when ctx ends.
	Consume(ctx context.Context, group string, topics []string, handle func(context.Context, []Message) error) error

	// Ready returns nil if the broker answers, else a fault of kind transient.
	Ready(ctx context.Context) error

	// Close releases the connection.
	Close()
}

// Covers reports whether topic is one of topics, or below one of them, as
// "evt.order.placed.choreographed" is below "evt.order.placed" (see
// [Declaration.TopicOf]).
func Covers(topics []string, topic string) bool {
	return slices.ContainsFunc(topics, func(t string) bool {
		below, ok := strings.CutPrefix(topic, t)
		return ok && (below == "" || below[0] == '.')
	})
}

// Tail is implemented by a [Bus] that can tell whether it still has a message: a broker
// that does not write each message to the disk may lose its newest ones in a power cut.
type Tail interface {
	// Holds reports whether the message at the position is the one with the id.
	Holds(ctx context.Context, position uint64, id string) (bool, error)
	// Last returns the largest position of all messages that the broker still has or has
	// discarded by its own rules, 0 for none: those above it are lost.
	Last(ctx context.Context) (uint64, error)
	// Epoch grows whenever a lost connection is back, before the first call that uses it
	// returns: the messages of an earlier epoch may be lost.
	Epoch() uint64
}

// Bell is implemented by a [Bus] that can wake other processes. Rings may get lost.
type Bell interface {
	// Ring wakes those who listen for name.
	Ring(name string)
	// OnRing calls f, which must not block, for each ring until stop is called.
	OnRing(name string, f func()) (stop func(), err error)
}

// Gauge is implemented by a [Bus] that can tell how far a group is behind.
type Gauge interface {
	// Behind returns how many messages the group has not acknowledged, and a time up to which
	// it has acknowledged all that were stored: the time of the call if there are none, and
	// the zero time if it is not known. Of a group that has never listened messages is -1.
	Behind(ctx context.Context, group string) (messages int64, upTo time.Time, err error)

	// Oldest returns when the oldest message on topics, or below one of them, was stored
	// that the group has not acknowledged, and the zero time if there is none. A group that
	// has never listened has acknowledged none. The topics are those that it consumes.
	Oldest(ctx context.Context, group string, topics []string) (time.Time, error)
}
