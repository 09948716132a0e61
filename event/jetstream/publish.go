package jetstream

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/jetstream/subject"
	"github.com/amends/amends/fault"
)

// window is how many messages are on their way to the server at a time.
const window = 1000

// Publish implements [event.Bus]. A message that the server has stored within the last
// two minutes, by its id, is not stored again and has its old position.
func (b *Bus) Publish(ctx context.Context, batch []event.Message) (positions []uint64, err error) {
	err = b.observed("publish", func() error {
		for len(batch) > 0 && err == nil {
			n := min(window, len(batch))
			var stored []uint64
			stored, err = b.publish(ctx, batch[:n])
			positions, batch = append(positions, stored...), batch[n:]
		}
		return err
	})
	return positions, err
}

// publish sends the messages, and waits for the answers then. It sends none again: that
// would change their order.
func (b *Bus) publish(ctx context.Context, batch []event.Message) ([]uint64, error) {
	if err := b.ensureStream(ctx); err != nil {
		return nil, err
	}
	start := time.Now()
	var futures []jetstream.PubAckFuture
	var failed error
	for _, m := range batch {
		f, err := b.send(m)
		if err != nil {
			failed = err
			break
		}
		futures = append(futures, f)
	}
	positions, err := await(ctx, futures)
	if errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) {
		b.ready.Store(false) // the next try makes it
	}
	switch {
	case err != nil:
		return positions, away("publish", b.refused(start, err))
	case failed != nil:
		return positions, failed
	}
	return positions, nil
}

func (b *Bus) send(m event.Message) (jetstream.PubAckFuture, error) {
	msg, err := subject.Encode(m)
	if err != nil {
		return nil, err
	}
	f, err := b.js.PublishMsgAsync(msg, jetstream.WithRetryAttempts(0))
	switch {
	case errors.Is(err, nats.ErrMaxPayload):
		return nil, fault.Errorf(fault.Bug, fault.Invalid, "publish event %s: %w", m.ID, err)
	case err != nil:
		return nil, away("publish", err)
	}
	return f, nil
}

// await returns the positions up to the first failure.
func await(ctx context.Context, futures []jetstream.PubAckFuture) (positions []uint64, err error) {
	late := time.NewTimer(2 * answer) // the futures have a limit of their own
	defer late.Stop()
	for _, f := range futures {
		select {
		case ack := <-f.Ok():
			positions = append(positions, ack.Sequence)
		case err := <-f.Err():
			return positions, err
		case <-ctx.Done():
			return positions, ctx.Err()
		case <-late.C:
			return positions, jetstream.ErrAsyncPublishTimeout
		}
	}
	return positions, nil
}

// Holds implements [event.Tail].
func (b *Bus) Holds(ctx context.Context, position uint64, id string) (holds bool, err error) {
	if position == 0 {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	err = b.observed("holds", func() error {
		holds, err = b.holds(ctx, position, id)
		return err
	})
	return holds, err
}

func (b *Bus) holds(ctx context.Context, position uint64, id string) (bool, error) {
	stream, err := b.js.Stream(ctx, Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return false, nil
	}
	if err != nil {
		return false, away("find the broker's stream", err)
	}
	msg, err := stream.GetMsg(ctx, position)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return b.expired(ctx, stream, position)
	case err != nil:
		return false, away("read a message", err)
	}
	return msg.Header.Get(nats.MsgIdHdr) == id, nil
}

// expired reports whether the stream had a message at the position, and has discarded it
// since, because of its age or its size: it is not lost.
func (b *Bus) expired(ctx context.Context, stream jetstream.Stream, position uint64) (bool, error) {
	info, err := stream.Info(ctx)
	if err != nil {
		return false, away("ask for the broker's stream", err)
	}
	return position < info.State.FirstSeq, nil
}

// Last implements [event.Tail].
func (b *Bus) Last(ctx context.Context) (last uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	err = b.observed("last", func() error {
		stream, err := b.js.Stream(ctx, Stream)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
			return nil
		case err != nil:
			return away("find the broker's stream", err)
		}
		last = stream.CachedInfo().State.LastSeq // as of a moment ago
		return nil
	})
	return last, err
}

// Epoch implements [event.Tail].
func (b *Bus) Epoch() uint64 { return b.conn.Stats().Reconnects }

// Ring implements [event.Bell], by a message that the server does not store.
func (b *Bus) Ring(name string) {
	if err := b.conn.Publish(subject.Bell(name), nil); err != nil {
		b.o.Logger.Debug("broker: a ring is lost", "bell", name, "error", err)
	}
}

// OnRing implements [event.Bell].
func (b *Bus) OnRing(name string, f func()) (stop func(), err error) {
	sub, err := b.conn.Subscribe(subject.Bell(name), func(*nats.Msg) { f() })
	if err != nil {
		return nil, away("listen for a bell", err)
	}
	return func() {
		if err := sub.Unsubscribe(); err != nil {
			b.o.Logger.Debug("broker: stop listening for a bell", "bell", name, "error", err)
		}
	}, nil
}
