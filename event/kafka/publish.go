package kafka

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

// Publish implements [event.Bus]. The positions are 0.
func (b *Bus) Publish(ctx context.Context, batch []event.Message) (positions []uint64, err error) {
	records, refused := encodeAll(batch)
	stored := 0
	err = b.observed("publish", func() error {
		stored, err = b.publish(ctx, records)
		return err
	})
	if err == nil {
		err = refused
	}
	return make([]uint64, stored), err
}

// encodeAll returns the messages before the first one that is refused, and why it is.
func encodeAll(batch []event.Message) (records []*kgo.Record, refused error) {
	for _, m := range batch {
		r, err := encode(m)
		if err != nil {
			return records, err
		}
		records = append(records, r)
	}
	return records, nil
}

func (b *Bus) publish(ctx context.Context, records []*kgo.Record) (stored int, err error) {
	if err := b.ensure(ctx, topicsOf(records)); err != nil {
		return 0, err
	}
	stored, err = b.produce(ctx, records)
	if !errors.Is(err, kerr.MessageTooLarge) {
		return stored, err
	}
	// A broker with a small limit refuses messages that travel together; it must not
	// look as if it had refused the first of them for good.
	for _, r := range records[stored:] {
		r.Context = nil //nolint:fatcontext // that of the first try has ended
		n, err := b.produce(ctx, []*kgo.Record{r})
		stored += n
		if errors.Is(err, kerr.MessageTooLarge) {
			return stored, fault.Errorf(fault.Bug, fault.Invalid, "publish event %s: %w", decode(r).ID, err)
		}
		if err != nil {
			return stored, err
		}
	}
	return stored, nil
}

// produce returns how many records are stored before the first one that is not, and the
// error of that.
func (b *Bus) produce(ctx context.Context, records []*kgo.Record) (stored int, err error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	failed := map[*kgo.Record]error{}
	for _, result := range b.client.ProduceSync(ctx, records...) { // in the order of the answers
		if result.Err != nil {
			failed[result.Record] = result.Err
		}
	}
	for i, r := range records {
		if err := failed[r]; err != nil {
			if errors.Is(err, kerr.UnknownTopicOrPartition) {
				b.topics.Delete(r.Topic) // the next try makes it
			}
			return i, away("publish", err)
		}
	}
	return len(records), nil
}

func topicsOf(records []*kgo.Record) (topics []string) {
	for _, r := range records {
		topics = append(topics, r.Topic)
	}
	return topics
}
