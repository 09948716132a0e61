package jetstream

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/jetstream/subject"
	"github.com/amends/amends/internal/background"
)

// errShared reports that another process of the group has a batch.
var errShared = errors.New("another process of the group has unacknowledged messages")

// collect completes a batch that begins with first: with the messages that are ready
// now, and with every other one of the group that is unacknowledged, so that the batch
// can be handled in the order of the stream. It waits for those that were delivered and
// not acknowledged elsewhere; if they stay there, it gives the batch back.
func (c *consumer) collect(ctx context.Context, first []jetstream.Msg) ([]jetstream.Msg, error) {
	batch := first
	if ready := int(min(meta(first[0]).NumPending, maxBatch-1)); ready > 0 {
		more, err := c.fetch(ctx, ready, time.Second)
		batch = append(batch, more...)
		if err != nil {
			return nil, c.giveBack(batch, err)
		}
	}
	deadline := time.Now().Add(2 * c.bus.o.AckWait)
	for !c.continues(batch) {
		missing, err := c.missing(ctx, len(batch))
		if err == nil && missing <= 0 {
			break
		}
		if err == nil && time.Now().After(deadline) {
			err = errShared
		}
		if err == nil {
			err = c.keep(batch)
		}
		var more []jetstream.Msg
		if err == nil {
			more, err = c.fetch(ctx, missing, min(time.Second, c.bus.o.AckWait/4))
		}
		batch = append(batch, more...)
		if err = errors.Join(err, ctx.Err()); err != nil {
			return nil, c.giveBack(batch, err)
		}
	}
	slices.SortStableFunc(batch, func(a, b jetstream.Msg) int {
		return cmp.Compare(meta(a).Sequence.Stream, meta(b).Sequence.Stream)
	})
	return batch, nil
}

// continues reports whether the batch is exactly what the server delivered after the
// last acknowledged one. The server numbers its deliveries, repeats too, so no other
// message is outstanding then.
func (c *consumer) continues(batch []jetstream.Msg) bool {
	if c.next == 0 {
		return false
	}
	for i, m := range batch {
		if meta(m).Sequence.Consumer != c.next+uint64(i) {
			return false
		}
	}
	return true
}

// missing returns how many unacknowledged messages the group has beside n.
func (c *consumer) missing(ctx context.Context, n int) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	info, err := c.remote.Info(ctx)
	if err != nil {
		return 0, away("ask for the consumer of "+c.group, err)
	}
	return info.NumAckPending - n, nil
}

// deliver handles the batch until that succeeds, and acknowledges it. It gives up when
// ctx ends, and when the server cannot have heard for so long that this process works
// on the batch that another one may have it.
func (c *consumer) deliver(ctx context.Context, batch []jetstream.Msg) error {
	messages := decodeAll(batch)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		cancel(c.keepUntil(ctx, batch))
	}()
	for {
		err := c.handle(ctx, messages)
		if err != nil && ctx.Err() == nil {
			c.bus.o.Logger.Debug("broker: a batch failed", "group", c.group, "messages", len(batch), "error", err)
			background.Pause(ctx, c.bus.o.Pause)
		}
		if err == nil || ctx.Err() != nil {
			cancel(nil)
			<-done
			if err != nil {
				return c.giveBack(batch, context.Cause(ctx))
			}
			return c.acknowledge(batch) //nolint:contextcheck // also when ctx has ended
		}
	}
}

// keepUntil tells the server, until ctx ends, that the batch is in work.
func (c *consumer) keepUntil(ctx context.Context, batch []jetstream.Msg) error {
	ticks := time.NewTicker(c.bus.o.AckWait / 3)
	defer ticks.Stop()
	heard := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		if err := c.keep(batch); err == nil {
			heard = time.Now()
		} else if time.Since(heard) > c.bus.o.AckWait {
			return away("keep a batch", err)
		}
	}
}

// keep tells the server that the batch is in work, and renews the pin. Only a request
// for messages renews it: this one has no receiver, so none is delivered for it.
func (c *consumer) keep(batch []jetstream.Msg) error {
	for _, m := range batch {
		if err := m.InProgress(); err != nil {
			return away("keep a batch", err)
		}
	}
	request, err := json.Marshal(map[string]any{"batch": 1, "max_bytes": 1, "expires": time.Second, "group": pins, "id": c.pin})
	if err == nil {
		err = c.bus.conn.PublishRequest(fmt.Sprintf("$JS.API.CONSUMER.MSG.NEXT.%s.%s", Stream, c.group), nats.NewInbox(), request)
	}
	if err != nil {
		return away("keep a batch", err)
	}
	return nil
}

// acknowledge returns when the server has the acknowledgements.
func (c *consumer) acknowledge(batch []jetstream.Msg) error {
	start := time.Now()
	var err error
	for _, m := range batch {
		err = errors.Join(err, m.Ack())
	}
	ctx, cancel := context.WithTimeout(context.Background(), answer)
	defer cancel()
	if err = errors.Join(err, c.bus.conn.FlushWithContext(ctx)); err != nil {
		err = away("acknowledge", err)
	}
	c.next = 0
	for _, m := range batch {
		c.next = max(c.next, meta(m).Sequence.Consumer+1)
	}
	c.bus.o.Observe("acknowledge", time.Since(start), err)
	return err
}

// giveBack has the server deliver the batch again at once, in its order, and returns
// err.
func (c *consumer) giveBack(batch []jetstream.Msg, err error) error {
	for _, m := range batch {
		err = errors.Join(err, m.Nak())
	}
	return err
}

func decodeAll(batch []jetstream.Msg) []event.Message {
	messages := make([]event.Message, len(batch))
	for i, m := range batch {
		messages[i] = subject.Decode(m.Subject(), m.Headers(), m.Data())
	}
	return messages
}

// meta returns the numbers of a message. Each message from a consumer has them.
func meta(m jetstream.Msg) *jetstream.MsgMetadata {
	numbers, err := m.Metadata()
	if err != nil {
		return &jetstream.MsgMetadata{}
	}
	return numbers
}
