package jetstream

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Behind implements [event.Gauge]. A message of any topic that is stored behind the last one
// which the group has acknowledged bounds the time.
func (b *Bus) Behind(ctx context.Context, group string) (messages int64, upTo time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	now := time.Now().UTC()
	stream, err := b.js.Stream(ctx, Stream)
	var consumer jetstream.Consumer
	if err == nil {
		consumer, err = stream.Consumer(ctx, group)
	}
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound), errors.Is(err, jetstream.ErrConsumerNotFound):
		return -1, time.Time{}, nil // its first message makes the stream, its first listening the group
	case err != nil:
		return 0, time.Time{}, away("ask about "+group, err)
	}
	info := consumer.CachedInfo()
	messages = int64(info.NumPending) + int64(info.NumAckPending) //nolint:gosec // far below 2^63
	if messages == 0 {
		return 0, now, nil
	}
	next, err := stream.GetMsg(ctx, info.AckFloor.Stream+1, jetstream.WithGetMsgSubject(">"))
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return messages, time.Time{}, nil
	case err != nil:
		return 0, time.Time{}, away("ask about "+group, err)
	}
	return messages, next.Time.UTC(), nil
}
