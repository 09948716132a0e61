package jetstream

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// standing returns the stream, nil if no event was ever stored, and how the group stands,
// nil if it has never listened.
func (b *Bus) standing(ctx context.Context, group string) (jetstream.Stream, *jetstream.ConsumerInfo, error) {
	stream, err := b.js.Stream(ctx, Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, away("ask about "+group, err)
	}
	consumer, err := stream.Consumer(ctx, group)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
		return stream, nil, nil
	case err != nil:
		return nil, nil, away("ask about "+group, err)
	}
	return stream, consumer.CachedInfo(), nil // as of a moment ago
}

// Behind implements [event.Gauge]. A message of any topic that is stored behind the last one
// which the group has acknowledged bounds the time.
func (b *Bus) Behind(ctx context.Context, group string) (messages int64, upTo time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	now := time.Now().UTC()
	stream, info, err := b.standing(ctx, group)
	if err != nil || info == nil {
		return -1, time.Time{}, err // its first message makes the stream, its first listening the group
	}
	messages = int64(info.NumPending) + int64(info.NumAckPending) //nolint:gosec // far below 2^63
	if messages == 0 {
		return 0, now, nil
	}
	upTo, err = stored(ctx, stream, info.AckFloor.Stream+1, ">")
	return messages, upTo, err
}

// Oldest implements [event.Gauge].
func (b *Bus) Oldest(ctx context.Context, group string, topics []string) (oldest time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	stream, info, err := b.standing(ctx, group)
	if err != nil || stream == nil || info != nil && info.NumPending == 0 && info.NumAckPending == 0 {
		return oldest, err
	}
	from := uint64(1)
	if info != nil {
		from = info.AckFloor.Stream + 1
	}
	for _, topic := range topics {
		at, err := stored(ctx, stream, from, topic+".>")
		if err != nil {
			return time.Time{}, err
		}
		if oldest.IsZero() || !at.IsZero() && at.Before(oldest) {
			oldest = at
		}
	}
	return oldest, nil
}

// stored returns when the first message from a position on was stored whose subject
// matches, the zero time if there is none.
func stored(ctx context.Context, stream jetstream.Stream, from uint64, subject string) (time.Time, error) {
	m, err := stream.GetMsg(ctx, from, jetstream.WithGetMsgSubject(subject))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, away("read a message", err)
	}
	return m.Time.UTC(), nil
}
