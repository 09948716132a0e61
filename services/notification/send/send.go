// Package send sends the deliveries of the notification service.
//
// An attempt claims a row, asks for the contact, fills in the text, and writes the address
// before it sends: so a process that dies leaves a row from which another one, when the
// claim has ended, repeats the attempt with the same key.
package send

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/channel"
	"github.com/amends/amends/services/notification/template"
)

// Queue has the deliveries.
type Queue interface {
	// Take claims up to n deliveries that are due, and counts an attempt of each. The claim
	// ends after the given time: then another attempt is due.
	Take(ctx context.Context, n int, claim time.Duration) ([]notification.Delivery, error)
	// Begin records the address, the language and the provider with which d is about to be
	// sent, and returns false if its attempt has lost its claim: then it must not be sent.
	Begin(ctx context.Context, d notification.Delivery) (bool, error)
	// Conclude records the outcome of an attempt, and tells the end of a delivery. It
	// changes nothing if the attempt has lost its claim to another one.
	Conclude(ctx context.Context, d notification.Delivery, o Outcome) error
	// Also writes deliveries of the same fact to the same recipient by other channels. A
	// repeat changes nothing.
	Also(ctx context.Context, d notification.Delivery, channels []notification.Channel) error
	// Suppressed reports whether an address is suppressed.
	Suppressed(ctx context.Context, c notification.Channel, address string) (bool, error)
	// Overdue returns how many deliveries have been wanted since before the given time.
	Overdue(ctx context.Context, before time.Time) (int64, error)
	// Forget removes addresses of deliveries that ended long ago, and suppressions that
	// have ended.
	Forget(ctx context.Context) error
}

// Outcome is that of an attempt.
type Outcome struct {
	State  notification.State
	Reason fault.Code
	// Provider is the one that may have taken the message; empty: none.
	Provider string
	// After is when the next attempt is due, of a delivery that is still wanted.
	After time.Duration
	// Suppress is the address that is suppressed from now on; empty: none.
	Suppress string
}

// Route is a provider of a channel, by name. All but the last of a channel must be a
// [channel.Provider] to be left after an unknown outcome.
type Route struct {
	Name string
	channel.Channel
}

// Config configures a [Sender]. Queue, Contacts, Routes, Now and Logger must be set.
type Config struct {
	Queue    Queue
	Contacts notification.Contacts
	// Routes are the providers of each channel, in the order in which they are tried.
	Routes map[notification.Channel][]Route
	// Site is the address of the shop for its customers, such as https://shop.example; empty:
	// mails have no links.
	Site string
	// Lanes is how many messages are sent at the same time. The default is 4.
	Lanes int
	// Every is the time between two looks at the queue. The default is 1 s.
	Every time.Duration
	// Claim is how long an attempt may take; it must be longer than a channel may. The
	// default is 2 min.
	Claim time.Duration
	// First is the time between an attempt that failed and the next; it doubles up to Most.
	// The defaults are 2 s and 5 min.
	First, Most time.Duration
	// Now is the clock.
	Now    func() time.Time
	Logger *slog.Logger
}

// Sender sends the deliveries of a queue.
type Sender struct {
	c     Config
	texts *template.Templates
	late  atomic.Int64 // deliveries that are overdue
}

// New returns a sender that does nothing yet.
func New(c Config) *Sender {
	c.Lanes, c.Every, c.Claim = cmp.Or(c.Lanes, 4), cmp.Or(c.Every, time.Second), cmp.Or(c.Claim, 2*time.Minute)
	c.First, c.Most = cmp.Or(c.First, 2*time.Second), cmp.Or(c.Most, 5*time.Minute)
	return &Sender{c: c, texts: template.New()}
}

// Run sends what is due until ctx ends, then returns nil after the attempts that have begun.
// Several processes may run it.
func (s *Sender) Run(ctx context.Context) error {
	var all sync.WaitGroup
	loop := func(name string, every time.Duration, round func(context.Context) error) {
		all.Go(func() {
			_ = background.NewLoop(background.LoopConfig{Name: name, Every: every, Round: round, Logger: s.c.Logger}).Run(ctx) // always nil
		})
	}
	loop("messages", s.c.Every, s.Round)
	loop("overdue messages", lookEvery, s.Look)
	loop("old addresses", time.Hour, s.c.Queue.Forget)
	all.Wait()
	return nil
}

// Messages that are wanted for longer than overdue are told to operators; they are counted
// again after lookEvery.
const (
	overdue   = 10 * time.Minute
	lookEvery = 15 * time.Second
)

// Look counts the deliveries that are overdue.
func (s *Sender) Look(ctx context.Context) error {
	n, err := s.c.Queue.Overdue(ctx, s.c.Now().Add(-overdue))
	if err == nil {
		s.late.Store(n)
	}
	return err
}

// Warnings returns what operators should know: messages that could not be sent for long.
func (s *Sender) Warnings() []string {
	if n := s.late.Load(); n > 0 {
		return []string{fmt.Sprintf("%d messages to customers have waited for more than %s: see why in the log, or by `amends notification list`", n, overdue)}
	}
	return nil
}

// Round makes an attempt of each delivery that is due. Its error is the queue's.
func (s *Sender) Round(ctx context.Context) error {
	for ctx.Err() == nil {
		due, err := s.c.Queue.Take(ctx, s.c.Lanes, s.c.Claim)
		if err != nil || len(due) == 0 {
			return err
		}
		errs := make(chan error, len(due))
		for _, d := range due {
			go func() { errs <- s.attempt(context.WithoutCancel(ctx), d) }() // a mail that is cut off may be sent
		}
		for range due {
			if failed := <-errs; failed != nil {
				err = failed
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// attempt makes an attempt within its claim, and records its outcome.
func (s *Sender) attempt(ctx context.Context, d notification.Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, d.NextAt.Sub(s.c.Now())) // the rest of it
	defer cancel()
	o, err := s.outcome(ctx, d)
	if err != nil || o.State == "" {
		return err
	}
	if o.State != notification.Sent {
		s.c.Logger.InfoContext(ctx, "a message is not sent", "delivery", d.ID, "kind", d.Kind, "state", o.State, "code", o.Reason, "attempt", d.Attempts)
	}
	if err := s.c.Queue.Conclude(ctx, d, o); err != nil {
		return fmt.Errorf("record an outcome: %w", err)
	}
	return nil
}
