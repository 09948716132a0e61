package jetstream

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

// Stream is the name of the stream of all events.
const Stream = "EVENTS"

// answer is how long a call waits for the server's answer if its context has no
// earlier end.
const answer = 5 * time.Second

// Options configure a [Bus].
type Options struct {
	// Name shows the process in the server's list of connections.
	Name string
	// TLS is the configuration of the connection; nil: as the URL's scheme says, with
	// the system's authorities.
	TLS *tls.Config
	// User and Password, or CredentialsFile, which has a JWT and an nkey's seed, or
	// SeedFile, which has the latter only, tell who the process is. Empty: nobody.
	User, Password            string
	CredentialsFile, SeedFile string
	// MaxAge is how long the stream keeps an event. It is longer than the outboxes keep
	// it, and shorter than inboxes remember it. 0: 8 days.
	MaxAge time.Duration
	// MaxBytes is the size of the stream from which it discards its oldest events. 0:
	// no limit.
	MaxBytes int64
	// AckWait is how long after the last sign of life of a process its messages are
	// delivered again; another one of its group gets them after twice that time at most.
	// 0: 6 s.
	AckWait time.Duration
	// Pause is the time between two tries of a batch that fails. 0: 1 s.
	Pause time.Duration
	// Logger may be nil.
	Logger *slog.Logger
	// Observe is called after each call of the server with its name, its duration and
	// its error; it may be nil.
	Observe func(call string, took time.Duration, err error)
}

func (o *Options) defaults() {
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

// Bus implements [event.Bus], [event.Tail], [event.Bell] and [event.Gauge].
type Bus struct {
	o       Options
	conn    *nats.Conn
	js      jetstream.JetStream
	ready   atomic.Bool // the stream existed a moment ago
	refusal atomic.Pointer[refusal]
}

// Open returns a bus on the server at url, "nats://host:port" or "tls://…", several
// separated by commas. The server need not be reachable yet: the bus connects, and
// reconnects, by itself. Its error is of the URL, a file or the TLS configuration.
func Open(url string, o Options) (*Bus, error) {
	o.defaults()
	b := &Bus{o: o}
	options, err := b.options()
	if err != nil {
		return nil, err
	}
	if b.conn, err = nats.Connect(url, options...); err != nil {
		return nil, fmt.Errorf("connect to the broker: %w", err)
	}
	if b.js, err = jetstream.New(b.conn, jetstream.WithDefaultTimeout(answer), jetstream.WithPublishAsyncTimeout(answer)); err != nil {
		b.conn.Close()
		return nil, fmt.Errorf("connect to the broker: %w", err)
	}
	return b, nil
}

func (b *Bus) options() ([]nats.Option, error) {
	all := []nats.Option{
		nats.Name(b.o.Name), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond), nats.ReconnectBufSize(-1),
		nats.PingInterval(min(10*time.Second, b.o.AckWait/2)), nats.MaxPingsOutstanding(2), // the third ping gives a silent server up, before it gives the pin to another process
		nats.IgnoreAuthErrorAbort(), // credentials may be added while the process runs
		nats.ReconnectHandler(func(c *nats.Conn) {
			b.o.Logger.Info("broker: connected again", "url", c.ConnectedUrlRedacted())
			b.ready.Store(false) // the server may have lost it
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				b.o.Logger.Warn("broker: connection lost", "error", err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			b.refusal.Store(&refusal{err, time.Now()})
			b.o.Logger.Warn("broker: refused", "error", err)
		}),
	}
	if b.o.TLS != nil {
		all = append(all, nats.Secure(b.o.TLS))
	}
	switch {
	case b.o.CredentialsFile != "":
		all = append(all, nats.UserCredentials(b.o.CredentialsFile))
	case b.o.SeedFile != "":
		seed, err := nats.NkeyOptionFromSeed(b.o.SeedFile)
		if err != nil {
			return nil, fmt.Errorf("credentials of the broker: %w", err)
		}
		all = append(all, seed)
	case b.o.User != "":
		all = append(all, nats.UserInfo(b.o.User, b.o.Password))
	}
	return all, nil
}

// Ready implements [event.Bus].
func (b *Bus) Ready(ctx context.Context) error {
	if status := b.conn.Status(); status != nats.CONNECTED {
		return fault.Errorf(fault.Transient, fault.Unavailable, "broker: %s", status)
	}
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	if err := b.conn.FlushWithContext(ctx); err != nil {
		return away("ask the broker", err)
	}
	return nil
}

// Conn returns the connection of the bus, for other uses of the same server. It ends with
// the bus.
func (b *Bus) Conn() *nats.Conn { return b.conn }

// Close implements [event.Bus].
func (b *Bus) Close() { b.conn.Close() }

// away returns err as a fault that may pass.
func away(doing string, err error) error {
	return fault.Errorf(fault.Transient, fault.Unavailable, "%s: %w", doing, err)
}

// refusal is an error that the server sent on its own, such as that of a permission: it
// does not answer the call that broke it.
type refusal struct {
	err error
	at  time.Time
}

// refused adds to the error of a call that began at start why the server refused it.
func (b *Bus) refused(start time.Time, err error) error {
	if r := b.refusal.Load(); err != nil && r != nil && r.at.After(start) {
		return errors.Join(err, r.err)
	}
	return err
}

// observed runs a call of the server.
func (b *Bus) observed(call string, f func() error) error {
	start := time.Now()
	err := f()
	b.o.Observe(call, time.Since(start), err)
	return err
}

// ensureStream makes the stream if it does not exist. Another one's limits stay as they
// are: processes with different options must not take turns in changing them.
func (b *Bus) ensureStream(ctx context.Context) error {
	if b.ready.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	_, err := b.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: Stream, Description: "what services told", Subjects: []string{"evt.>"},
		Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardOld,
		MaxAge: b.o.MaxAge, MaxBytes: b.o.MaxBytes, Duplicates: min(2*time.Minute, b.o.MaxAge), AllowDirect: true,
	})
	if err == nil || errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		b.ready.Store(true)
		return nil
	}
	return away("make the broker's stream", err)
}

// interfaces that Bus implements.
var (
	_ event.Bus   = (*Bus)(nil)
	_ event.Tail  = (*Bus)(nil)
	_ event.Bell  = (*Bus)(nil)
	_ event.Gauge = (*Bus)(nil)
)
