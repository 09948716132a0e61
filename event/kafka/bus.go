package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

// answer is how long a call waits for the broker's answer if its context has no earlier
// end.
const answer = 5 * time.Second

// Options configure a [Bus].
type Options struct {
	// Name shows the process in the broker's log.
	Name string
	// TLS is the configuration of the connections; nil: none.
	TLS *tls.Config
	// User and Password are credentials of SASL PLAIN. Empty: nobody.
	User, Password string
	// Partitions is their number in a topic that the bus makes. 0: 12.
	Partitions int32
	// MaxAge is how long a topic that the bus makes keeps an event. 0: 8 days.
	MaxAge time.Duration
	// AckWait is how long after the last sign of life of a process another one of its
	// group takes its messages over. 0: 6 s, the least that a cluster allows by default.
	AckWait time.Duration
	// Pause is the time between two tries of a batch that fails. 0: 1 s.
	Pause time.Duration
	// Logger may be nil.
	Logger *slog.Logger
	// Observe is called after each call of the broker with its name, its duration and
	// its error; it may be nil.
	Observe func(call string, took time.Duration, err error)
}

func (o *Options) defaults() {
	o.Partitions = cmp.Or(o.Partitions, 12)
	o.MaxAge = cmp.Or(o.MaxAge, 8*24*time.Hour)
	o.AckWait = cmp.Or(o.AckWait, 6*time.Second)
	o.Pause = cmp.Or(o.Pause, time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(string, time.Duration, error) {}
	}
}

// Bus implements [event.Bus].
type Bus struct {
	o       Options
	options []kgo.Opt // of each connection
	client  *kgo.Client
	topics  sync.Map // the names of those that the broker has
	closed  chan struct{}
	close   func() // closes it
}

// Open returns a bus on the cluster of the brokers, "host:port" each, of which one must
// answer to find the others. They need not be reachable yet: the bus connects, and
// reconnects, by itself. Its error is of the addresses.
func Open(brokers []string, o Options) (*Bus, error) {
	o.defaults()
	// A call must have time to learn which broker has a partition now.
	b := &Bus{o: o, closed: make(chan struct{}), options: []kgo.Opt{kgo.SeedBrokers(brokers...), kgo.ClientID(o.Name), kgo.MetadataMinAge(answer / 10)}}
	if o.TLS != nil {
		b.options = append(b.options, kgo.DialTLSConfig(o.TLS))
	}
	if o.User != "" {
		b.options = append(b.options, kgo.SASL(plain.Auth{User: o.User, Pass: o.Password}.AsMechanism()))
	}
	b.close = sync.OnceFunc(func() { close(b.closed) })
	var err error
	b.client, err = b.connect(
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), kgo.ProducerLinger(0),
		// A call must end when its broker is away; the relay sends again.
		kgo.AllowIdempotentProduceCancellation(), kgo.RecordDeliveryTimeout(answer),
	)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (b *Bus) connect(more ...kgo.Opt) (*kgo.Client, error) {
	client, err := kgo.NewClient(append(more, b.options...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to the broker: %w", err)
	}
	return client, nil
}

// Ready implements [event.Bus].
func (b *Bus) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	if err := b.client.Ping(ctx); err != nil {
		return away("ask the broker", err)
	}
	return nil
}

// Close implements [event.Bus].
func (b *Bus) Close() {
	b.close()
	b.client.Close()
}

// away returns err as a fault that may pass.
func away(doing string, err error) error {
	return fault.Errorf(fault.Transient, fault.Unavailable, "%s: %w", doing, err)
}

// observed runs a call of the broker.
func (b *Bus) observed(call string, f func() error) error {
	start := time.Now()
	err := f()
	b.o.Observe(call, time.Since(start), err)
	return err
}

var _ event.Bus = (*Bus)(nil)
