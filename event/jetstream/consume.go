package jetstream

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/background"
)

const (
	// maxBatch is how many messages a group may have without acknowledgement, and so
	// the size of a batch.
	maxBatch = 500
	// pins is the name of the only priority group of a consumer.
	pins = "one"
)

// consumer is one call of [Bus.Consume].
type consumer struct {
	bus    *Bus
	group  string
	topics []string
	handle func(context.Context, []event.Message) error

	remote jetstream.Consumer // it has the pin, too, for its requests
	pin    string             // of the server to this process, if the last request had an answer
	next   uint64             // number of the next delivery if none is outstanding; 0: unknown
}

// Consume implements [event.Bus]. A pause of [Options.Pause] is between two tries of a
// batch. It returns an error only when the bus is closed.
func (b *Bus) Consume(ctx context.Context, group string, topics []string, handle func(context.Context, []event.Message) error) error {
	c := &consumer{bus: b, group: group, topics: topics, handle: handle}
	defer c.release() //nolint:contextcheck // its own has ended
	for {
		err := c.run(ctx)
		switch {
		case ctx.Err() != nil:
			return nil // the end that was asked for
		case b.conn.IsClosed():
			return fault.Errorf(fault.Bug, fault.Internal, "consume for %s: the connection is closed", group)
		}
		b.o.Logger.Debug("broker: consume again", "group", group, "error", err)
		b.o.Observe("consume", 0, err)
		background.Pause(ctx, b.o.Pause/2+rand.N(b.o.Pause))
	}
}

// run consumes until ctx ends or a new start is needed, which its error explains.
func (c *consumer) run(ctx context.Context) error {
	if err := c.open(ctx); err != nil {
		return err
	}
	for {
		batch, err := c.fetch(ctx, 1, c.bus.poll())
		if err == nil && len(batch) > 0 {
			batch, err = c.collect(ctx, batch)
		}
		if err == nil && len(batch) > 0 {
			err = c.deliver(ctx, batch)
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
}

// poll returns how long one request waits at the server for a message.
func (b *Bus) poll() time.Duration { return min(5*time.Second, b.o.AckWait/2) }

// open makes the group's consumer at the server, or changes its topics. A process that had
// the pin before it lost the server has it still.
func (c *consumer) open(ctx context.Context) error {
	if err := c.bus.ensureStream(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	config := jetstream.ConsumerConfig{
		Durable: c.group, DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: c.bus.o.AckWait, MaxDeliver: -1, MaxAckPending: maxBatch,
		// A pin outlives the unacknowledged messages of its process: those expire first,
		// and come before newer ones.
		PriorityPolicy: jetstream.PriorityPolicyPinned, PriorityGroups: []string{pins}, PinnedTTL: c.bus.o.AckWait + 2*c.bus.poll(),
	}
	for _, topic := range c.topics {
		config.FilterSubjects = append(config.FilterSubjects, topic+".>") // also below it
	}
	remote, err := c.bus.js.CreateOrUpdateConsumer(ctx, Stream, config)
	if err != nil {
		return away("make the consumer of "+c.group, err)
	}
	if c.remote == nil {
		c.remote = remote
	}
	c.next = 0 // deliveries were lost with the connection
	return nil
}

// fetch returns up to n messages, fewer when the wait is over. It returns early when
// the connection is lost, because a request is lost with it.
func (c *consumer) fetch(ctx context.Context, n int, wait time.Duration) ([]jetstream.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	lost := c.bus.conn.StatusChanged(nats.RECONNECTING, nats.CLOSED)
	defer c.bus.conn.RemoveStatusListener(lost)
	if !c.bus.conn.IsConnected() {
		return nil, away("fetch", nats.ErrConnectionReconnecting)
	}
	request, err := c.remote.Fetch(n, jetstream.FetchContext(ctx), jetstream.FetchPriorityGroup(pins))
	if err != nil {
		return nil, away("fetch", err)
	}
	var batch []jetstream.Msg
	for {
		select {
		case m, ok := <-request.Messages():
			if !ok {
				return batch, c.fetched(ctx, request.Error())
			}
			c.pin = m.Headers().Get("Nats-Pin-Id")
			batch = append(batch, m)
		case <-lost:
			cancel()
			return batch, away("fetch", nats.ErrDisconnected)
		}
	}
}

// fetched returns the error of a request, nil for one that was only in vain.
func (c *consumer) fetched(ctx context.Context, err error) error {
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded):
		return nil //nolint:nilerr // no message in time
	case errors.Is(err, jetstream.ErrPinIDMismatch):
		c.pin, c.next = "", 0
		return nil
	}
	return away("fetch", err)
}

// release lets another process of the group consume at once.
func (c *consumer) release() {
	if c.pin == "" || !c.bus.conn.IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	stream, err := c.bus.js.Stream(ctx, Stream)
	if err == nil {
		err = stream.UnpinConsumer(ctx, c.group, pins)
	}
	if err != nil {
		c.bus.o.Logger.Debug("broker: unpin", "group", c.group, "error", err)
	}
}
