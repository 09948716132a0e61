package send_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/smtptest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/channel/smtp"
	"github.com/amends/amends/services/notification/send"
	"github.com/amends/amends/services/notification/store"
)

// testBundle is the service on a database, with a clock and a server of mails of its own.
type testBundle struct {
	db    *gorm.DB
	store *store.Store
	clock *clock
	mails *smtptest.Server
	users *users
	told  *told.Reader
	// first and second are the providers of text messages.
	first, second *provider
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// users answers as the user service does.
type users struct {
	mu      sync.Mutex
	err     error
	contact notification.Contact
	asked   []string
	until   time.Time // the deadline of the last question
	during  func()    // the question
}

func (u *users) ask(ctx context.Context, what string) (notification.Contact, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.asked = append(u.asked, what)
	u.until, _ = ctx.Deadline()
	if u.during != nil {
		u.during()
	}
	if u.err != nil {
		return notification.Contact{}, u.err
	}
	return u.contact, nil
}

// Account implements [notification.Contacts].
func (u *users) Account(ctx context.Context, id string) (notification.Contact, error) {
	return u.ask(ctx, "account "+id)
}

// Order implements [notification.Contacts].
func (u *users) Order(ctx context.Context, id string) (notification.Contact, error) {
	return u.ask(ctx, "order "+id)
}

// Mail implements [notification.Contacts].
func (u *users) Mail(ctx context.Context, id string) (notification.Contact, error) {
	return u.ask(ctx, "mail "+id)
}

const ada = "ada@canary.example"

// each runs body on every kind of database.
func each(t *testing.T, body func(t *testing.T, b testBundle)) {
	t.Helper()
	schema := append(database.Schema{database.Set(lease.Name, lease.Migrations), database.Set(waiting.Name, waiting.Migrations)}, store.Schema...)
	dbtest.Each(t, schema.Migrate, func(t *testing.T, db *gorm.DB) { body(t, setup(t, db)) })
}

func setup(t *testing.T, db *gorm.DB) testBundle {
	t.Helper()
	c := &clock{at: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}
	return testBundle{
		first: newProvider(), second: newProvider(), db: db, store: store.At(db, c.now), clock: c, mails: smtptest.New(t), told: told.New(db),
		users: &users{contact: notification.Contact{
			Name: "Ada", Locale: "de-AT", Addresses: map[notification.Channel]string{notification.Email: ada}, Token: "amv_secret",
		}},
	}
}

// sender returns a process that sends, through q; nil: the store.
func (b testBundle) sender(t *testing.T, q send.Queue) *send.Sender {
	t.Helper()
	if q == nil {
		q = b.store
	}
	server, err := smtp.New(b.mails.URL, "Shop <shop@shop.example>")
	require.NoError(t, err)
	return send.New(send.Config{
		Queue: q, Contacts: b.users, Routes: map[notification.Channel][]send.Route{
			notification.Email: {{Name: "smtp", Channel: server}},
			notification.SMS:   {{Name: "sms", Channel: b.first}, {Name: "sms_reserve", Channel: b.second}},
		},
		Site: "https://shop.example", Now: b.clock.now, Logger: slog.New(slog.DiscardHandler),
	})
}

// tell hands a notice over as the listener does: once for each event id.
func (b testBundle) tell(t *testing.T, id string, n notification.Notice) {
	t.Helper()
	require.NoError(t, waiting.Once(t.Context(), b.db, "notification", []event.Event{{ID: id}}, func(tx *gorm.DB, _ []event.Event) error {
		return b.store.Want(tx, []notification.Notice{n})
	}))
}

// settle makes attempts until nothing is wanted any more, or for an hour.
func (b testBundle) settle(t *testing.T, s *send.Sender, subject string) notification.Delivery {
	t.Helper()
	for range 60 {
		require.NoError(t, s.Round(t.Context()))
		if d := b.delivery(t, subject); d.State != notification.Wanted {
			return d
		}
		b.clock.pass(time.Minute)
	}
	return b.delivery(t, subject)
}

// delivery returns the only one about a subject.
func (b testBundle) delivery(t *testing.T, subject string) notification.Delivery {
	t.Helper()
	all, err := b.store.About(t.Context(), subject)
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}

func (b testBundle) confirmed(order string) notification.Notice {
	return notification.Notice{Kind: notification.OrderConfirmed, Subject: order, Recipient: "account-1", At: b.clock.now()}
}

// dying is a queue whose process dies at a place of an attempt, once.
type dying struct {
	send.Queue

	begin, conclude bool
}

var errDead = errors.New("the process has died")

// Begin implements [send.Queue].
func (d *dying) Begin(ctx context.Context, m notification.Delivery) (bool, error) {
	ok, err := d.Queue.Begin(ctx, m)
	if d.begin && err == nil {
		d.begin = false
		return false, errDead
	}
	return ok, err
}

// Conclude implements [send.Queue].
func (d *dying) Conclude(ctx context.Context, m notification.Delivery, o send.Outcome) error {
	if d.conclude {
		d.conclude = false
		return errDead
	}
	return d.Queue.Conclude(ctx, m, o)
}

var away = fault.Errorf(fault.Transient, fault.Unavailable, "the user service is away")
