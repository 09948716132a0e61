package mails_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/implied"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/channel"
	"github.com/amends/amends/services/notification/channel/simulator"
	"github.com/amends/amends/services/notification/send"
	"github.com/amends/amends/services/notification/store"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
	orderimplied "github.com/amends/amends/services/order/store/implied"
)

// world is the order service, the notification service and the servers of its channels. Its
// schedules have an order each.
type world struct {
	db, messengers *gorm.DB
	orders         *orderstore.Store
	mails          *store.Store
	told, tells    *told.Reader // of the order service, and of the notification service

	now     time.Time
	sender  *send.Sender
	mailbox map[letter]bool
	late    []func() // requests that arrive at their servers when all is over

	s       schedule
	passes  []pass
	counts  map[string]int
	contact int // how often the contact was asked for
}

// letter is a mail as a mailbox has it.
type letter struct{ to, id string }

func newWorld(db, orders, messengers *gorm.DB) *world {
	w := &world{
		db: db, messengers: messengers, orders: orderstore.New(orders),
		told: told.New(orders), tells: told.New(db), now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC),
	}
	w.mails = store.At(db, func() time.Time { return w.now })
	w.sender = send.New(send.Config{
		Queue: queue{w.mails, w}, Contacts: contacts{w}, Lanes: 1, Now: func() time.Time { return w.now }, Logger: slog.New(slog.DiscardHandler),
		Routes: map[notification.Channel][]send.Route{
			notification.Email: {{Name: "smtp", Channel: smtp{w}}},
			notification.SMS: {
				{Name: simulator.TextMessages, Channel: provider{w, simulator.New(messengers, simulator.TextMessages), simulator.TextMessages}},
				{Name: simulator.TextReserve, Channel: provider{w, simulator.New(messengers, simulator.TextReserve), simulator.TextReserve}},
			},
		},
	})
	return w
}

// at passes a place and returns the fault that the schedule has for it.
func (w *world) at(place string) string {
	w.counts[place]++
	n := w.counts[place]
	w.passes = append(w.passes, pass{place, n})
	for _, h := range w.s {
		if h.place == place && h.n == n {
			return h.fault
		}
	}
	return ""
}

// run runs a schedule with an order of its own, judges the end, and returns the passes.
func (w *world) run(t *testing.T, id string, s schedule) []pass {
	t.Helper()
	w.s, w.passes, w.counts, w.contact, w.late, w.mailbox = s, nil, map[string]int{}, 0, nil, map[letter]bool{}
	require.NoError(t, w.messengers.Exec("DELETE FROM messages").Error)

	_, err := w.orders.Create(t.Context(), key.New(id, "order.create"), order.Placement{
		CustomerID: "account-1", Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 1}}, PlacedAt: w.now,
	})
	require.NoError(t, err)
	flag := order.Note{At: w.now, Attention: []ledger.Attention{{Step: "payment.authorize", Code: "X"}}}
	require.NoError(t, w.orders.Note(t.Context(), key.New(id, "order.note"), flag))
	for _, e := range w.told.Events(t) {
		w.hear(t, e)
	}
	w.settle(t, id)
	require.Empty(t, w.about(t, id), "%q: a message before the pivot", s)

	w.confirm(t.Context(), t, id)
	confirmed := w.told.Events(t)
	require.NotEmpty(t, confirmed)
	var late []event.Event
	for _, e := range confirmed {
		if w.hears(t, e, "hear") {
			late = append(late, e)
		}
	}
	w.settle(t, id)
	for _, e := range late {
		w.hear(t, e)
	}
	w.settle(t, id)

	_, _, err = orderimplied.Source(w.orders)(t.Context(), implied.Page{Limit: 10})
	require.NoError(t, err)
	require.Empty(t, w.told.Events(t), "a rebuild tells nothing")

	// A listener asks for the fact again, which is told under another id; an operator has the
	// first one handled again.
	w.confirm(event.CausedBy(t.Context(), event.Event{ID: "asked"}), t, id)
	again := w.told.Events(t)
	require.NotEmpty(t, again)
	for _, e := range append(again, confirmed...) {
		w.hear(t, e)
	}
	for _, arrive := range w.late {
		arrive()
	}
	w.settle(t, id)
	w.judge(t, id)
	return w.passes
}

func (w *world) confirm(ctx context.Context, t *testing.T, id string) {
	t.Helper()
	total := money.New(1850, "EUR")
	_, err := w.orders.Confirm(ctx, key.New(id, "order.confirm"), order.Closing{Total: &total})
	require.NoError(t, err)
}

var errDead = errors.New("the process has died")

// hear hands an event to the listener, as the broker does until it is acknowledged.
func (w *world) hear(t *testing.T, e event.Event) {
	t.Helper()
	require.NoError(t, w.handle(t.Context(), e, ""))
}

// hears is hear at a place, and reports whether the event is late instead.
func (w *world) hears(t *testing.T, e event.Event, place string) (late bool) {
	t.Helper()
	fault := w.at(place)
	switch fault {
	case "late":
		return true
	case "twice":
		w.hear(t, e)
	case "dies before the commit":
		require.ErrorIs(t, w.handle(t.Context(), e, fault), errDead)
	case "dies after the commit": // and before the acknowledgement
		require.NoError(t, w.handle(t.Context(), e, ""))
	}
	w.hear(t, e)
	return false
}

// handle does the work of the notification service's listener.
func (w *world) handle(ctx context.Context, e event.Event, fault string) error {
	follows := false
	for _, f := range reactions.NotificationFacts {
		follows = follows || f.Type() == e.Type
	}
	if !follows {
		return nil
	}
	return waiting.Once(ctx, w.db, "notification", []event.Event{e}, func(tx *gorm.DB, fresh []event.Event) error {
		for _, e := range fresh {
			told, err := reactions.Notify(e)
			if err != nil {
				return err
			}
			told.Notice.Recipient = "account-1" // the ids of these orders say that they are guests'
			told.Notice.At = w.now
			if err := w.mails.Want(tx, []notification.Notice{*told.Notice}); err != nil {
				return err
			}
		}
		if fault != "" {
			return errDead
		}
		return nil
	})
}

// settle makes attempts until nothing is wanted. A process that dies is started again.
func (w *world) settle(t *testing.T, id string) {
	t.Helper()
	for range 20 {
		if err := w.sender.Round(t.Context()); err != nil {
			require.ErrorIs(t, err, errDead, "%q", w.s)
		}
		wanted := 0
		for _, d := range w.about(t, id) {
			if d.State == notification.Wanted {
				wanted++
			}
		}
		if wanted == 0 {
			return
		}
		w.now = w.now.Add(3 * time.Minute) // every claim has ended
	}
	require.Fail(t, "messages are wanted for ever", "%q", w.s)
}

func (w *world) about(t *testing.T, id string) []notification.Delivery {
	t.Helper()
	all, err := w.mails.About(t.Context(), id)
	require.NoError(t, err)
	return all
}

// judge requires that each channel delivered one message, or none if it was refused.
func (w *world) judge(t *testing.T, id string) {
	t.Helper()
	texts, err := simulator.Book(t.Context(), w.messengers)
	require.NoError(t, err)
	delivered := map[notification.Channel]int{notification.Email: len(w.mailbox), notification.SMS: len(texts)}
	deliveries := w.about(t, id)
	var facts []string
	for _, d := range deliveries {
		switch d.State {
		case notification.Sent:
			require.Equal(t, 1, delivered[d.Channel], "%q: %s: %v %v", w.s, d.Channel, w.mailbox, texts)
			facts = append(facts, "notification.sent account-1")
		case notification.Dropped:
			require.Equal(t, channel.Refused, d.Reason, "%q", w.s)
			refused := slices.IndexFunc(w.s, func(h hit) bool { return h.fault == "refuses" })
			require.GreaterOrEqual(t, refused, 0, "%q: no server has refused it", w.s)
			most := min(w.s[refused].n-1, 1) // the server may have taken it, and refuse the repeat
			require.LessOrEqual(t, delivered[d.Channel], most, "%q: %s: %v %v", w.s, d.Channel, w.mailbox, texts)
			facts = append(facts, "notification.failed account-1")
		case notification.Wanted:
			require.Fail(t, "a message is still wanted", "%q", w.s)
		}
		delete(delivered, d.Channel)
	}
	require.Empty(t, delivered, "%q: a channel has no delivery", w.s)
	require.Len(t, deliveries, 2, "%q", w.s)
	require.ElementsMatch(t, facts, w.tells.Names(t), "%q", w.s)
}

// contacts answers as the user service does. Its customer has another address each time.
type contacts struct{ w *world }

func (c contacts) Account(context.Context, string) (notification.Contact, error) {
	switch c.w.at("contact") {
	case "down":
		return notification.Contact{}, fault.Errorf(fault.Transient, fault.Unavailable, "it is down")
	case "slow":
		return notification.Contact{}, fault.Errorf(fault.Unknown, fault.Timeout, "it gave no answer")
	}
	c.w.contact++
	return notification.Contact{
		Name: "Ada", Locale: "en", Wants: map[notification.Channel]bool{notification.SMS: true},
		Addresses: map[notification.Channel]string{
			notification.Email: fmt.Sprintf("ada%d@canary.example", c.w.contact), notification.SMS: fmt.Sprintf("+4930%07d", c.w.contact),
		},
	}, nil
}

func (c contacts) Order(ctx context.Context, id string) (notification.Contact, error) {
	return c.Account(ctx, id)
}

func (c contacts) Mail(context.Context, string) (notification.Contact, error) {
	panic("no mail of the user service is sent")
}

// queue is the store of a process that may die, or freeze while another one goes on.
type queue struct {
	send.Queue

	w *world
}

func (q queue) Begin(ctx context.Context, d notification.Delivery) (bool, error) {
	switch q.w.at("begin") {
	case "dies before":
		return false, errDead
	case "dies after":
		if _, err := q.Queue.Begin(ctx, d); err != nil {
			return false, err
		}
		return false, errDead
	case "frozen":
		if err := q.w.other(ctx); err != nil {
			return false, err
		}
	}
	return q.Queue.Begin(ctx, d)
}

func (q queue) Conclude(ctx context.Context, d notification.Delivery, o send.Outcome) error {
	switch q.w.at("conclude") {
	case "dies before":
		return errDead
	case "dies after":
		return errors.Join(q.Queue.Conclude(ctx, d, o), errDead)
	case "frozen":
		if err := q.w.other(ctx); err != nil {
			return err
		}
	}
	return q.Queue.Conclude(ctx, d, o)
}

// other lets another process make attempts after the claims of this one have ended.
func (w *world) other(ctx context.Context) error {
	w.now = w.now.Add(3 * time.Minute)
	return w.sender.Round(ctx)
}

// answer sends a message, unless the fault of a place prevents that, and returns the reply.
func (w *world) answer(place string, send func() error) error {
	switch w.at(place) {
	case "refuses":
		return fault.Errorf(fault.Business, channel.Refused, "no")
	case "down":
		return fault.Errorf(fault.Transient, channel.Unavailable, "it is down")
	case "loses":
		return fault.Errorf(fault.Unknown, channel.NoAnswer, "it gave no answer")
	case "reply lost":
		if err := send(); err != nil {
			return err
		}
		return fault.Errorf(fault.Unknown, channel.NoAnswer, "it gave no answer")
	case "late":
		w.late = append(w.late, func() { _ = send() }) // its sender is gone
		return fault.Errorf(fault.Unknown, channel.NoAnswer, "it gave no answer")
	}
	return send()
}

// smtp is a server of mails, whose mailboxes drop a mail that they have.
type smtp struct{ w *world }

func (s smtp) Send(_ context.Context, m channel.Message) error {
	return s.w.answer("smtp", func() error { s.w.mailbox[letter{m.To, m.Key}] = true; return nil })
}

// provider is a provider of text messages.
type provider struct {
	w *world
	*simulator.Simulator

	name string
}

func (p provider) Send(ctx context.Context, m channel.Message) error {
	ctx = context.WithoutCancel(ctx) // a request arrives although its sender is gone
	return p.w.answer(p.name, func() error { return p.Simulator.Send(ctx, m) })
}

func (p provider) Close(ctx context.Context, key string) (bool, error) {
	silence := fault.Errorf(fault.Unknown, channel.NoAnswer, "it gave no answer")
	switch p.w.at(p.name + " close") {
	case "down":
		return false, silence
	case "reply lost":
		_, err := p.Simulator.Close(ctx, key)
		return false, errors.Join(err, silence)
	}
	return p.Simulator.Close(ctx, key)
}
