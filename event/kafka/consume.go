package kafka

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/background"
)

const (
	// maxBatch is how many messages are handled at once.
	maxBatch = 500
	// poll is how long a request waits at the broker for a message. A partition that
	// is assigned meanwhile is not read before.
	poll = 500 * time.Millisecond
)

// consumer is one membership of a group.
type consumer struct {
	bus       *Bus
	client    *kgo.Client
	group     string
	topics    []string
	handle    func(context.Context, []event.Message) error
	interrupt atomic.Pointer[context.CancelFunc] // ends the batch in work
}

// Consume implements [event.Bus]. A pause of [Options.Pause] is between two tries of a
// batch. It returns an error only when the bus is closed.
func (b *Bus) Consume(ctx context.Context, group string, topics []string, handle func(context.Context, []event.Message) error) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-b.closed:
			stop()
		case <-running.Done():
		}
	}()
	for {
		c := &consumer{bus: b, group: group, topics: topics, handle: handle}
		err := c.run(running)
		if ctx.Err() != nil {
			return nil
		}
		if running.Err() != nil {
			return fault.Errorf(fault.Bug, fault.Internal, "consume for %s: the connection is closed", group)
		}
		b.o.Logger.Debug("broker: consume again", "group", group, "error", err)
		b.o.Observe("consume", 0, err)
		background.Pause(running, b.o.Pause/2+rand.N(b.o.Pause))
	}
}

// run consumes until ctx ends or a new start is needed, which its error explains.
func (c *consumer) run(ctx context.Context) error {
	var topics []string
	for _, topic := range c.topics {
		topics = append(topics, topicOf(topic))
	}
	if err := c.bus.ensure(ctx, topics); err != nil {
		return err
	}
	var err error
	c.client, err = c.bus.connect(
		kgo.ConsumerGroup(c.group), kgo.ConsumeTopics(topics...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(c.bus.o.AckWait), kgo.HeartbeatInterval(c.bus.o.AckWait/10), kgo.FetchMaxWait(poll), kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(), kgo.OnPartitionsCallbackBlocked(func(context.Context, *kgo.Client) { (*c.interrupt.Load())() }),
	)
	if err != nil {
		return err
	}
	defer c.leave() //nolint:contextcheck // also when ctx has ended
	for err == nil && ctx.Err() == nil {
		err = c.turn(ctx)
	}
	return err
}

// turn handles one batch, and has the group change hands afterwards if it is to.
func (c *consumer) turn(ctx context.Context) error {
	handling, cancel := context.WithCancel(ctx)
	defer cancel()
	c.interrupt.Store(&cancel)
	polled := c.client.PollRecords(ctx, maxBatch)
	defer c.client.AllowRebalance()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	records := polled.Records()
	err := c.deliver(handling, records)
	if err == nil {
		c.acknowledge(records) //nolint:contextcheck // also when ctx has ended
		return polled.Err()
	}
	c.bus.o.Logger.Debug("broker: a batch failed", "group", c.group, "messages", len(records), "error", err)
	c.client.SetOffsets(begin(records))
	c.client.AllowRebalance()
	if handling.Err() == nil {
		background.Pause(ctx, c.bus.o.Pause)
	}
	return polled.Err()
}

// deliver hands the messages to the listener that are on its topics.
func (c *consumer) deliver(ctx context.Context, records []*kgo.Record) error {
	var batch []event.Message
	for _, r := range records {
		if event.Covers(c.topics, address(r)) {
			batch = append(batch, decode(r))
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return c.handle(ctx, batch)
}

// begin returns where the records begin in each partition.
func begin(records []*kgo.Record) map[string]map[int32]kgo.EpochOffset {
	offsets := map[string]map[int32]kgo.EpochOffset{}
	for _, r := range records {
		if offsets[r.Topic] == nil {
			offsets[r.Topic] = map[int32]kgo.EpochOffset{}
		}
		if _, earlier := offsets[r.Topic][r.Partition]; !earlier {
			offsets[r.Topic][r.Partition] = kgo.EpochOffset{Epoch: r.LeaderEpoch, Offset: r.Offset}
		}
	}
	return offsets
}

// acknowledge tells the broker how far the group is. If that fails, the next one tells
// it too, or the messages come again.
func (c *consumer) acknowledge(records []*kgo.Record) {
	if len(records) == 0 {
		return
	}
	err := c.bus.observed("acknowledge", func() error {
		ctx, cancel := context.WithTimeout(context.Background(), answer)
		defer cancel()
		return c.client.CommitRecords(ctx, records...)
	})
	if err != nil {
		c.bus.o.Logger.Debug("broker: acknowledge", "group", c.group, "error", err)
	}
}

// leave lets another process of the group have the partitions at once.
func (c *consumer) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), answer)
	defer cancel()
	c.client.AllowRebalance()
	if err := c.client.LeaveGroupContext(ctx); err != nil && !errors.Is(err, kgo.ErrClientClosed) {
		c.bus.o.Logger.Debug("broker: leave", "group", c.group, "error", err)
	}
	c.client.Close()
}
