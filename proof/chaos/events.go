package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	natsjetstream "github.com/nats-io/nats.go/jetstream"

	"github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/proof/wait"
)

// describeBroker defines how the broker runs.
func (p *platform) describeBroker(ctx context.Context, w Where, logs string) error {
	port, err := loopback.FreePort(ctx)
	if err != nil {
		return err
	}
	data := filepath.Join(p.dir, brokerName)
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	p.broker = loopback.Address(port)
	p.parts[brokerName] = &process{
		name: brokerName, bin: w.Amends, logs: logs, env: []string{"HOME=" + p.dir},
		args: []string{"broker", "--data-dir", data, "--broker-listen", p.broker},
	}
	return nil
}

// age has the outboxes count as complete from now on: the doctor does not judge the
// events of the first hour after an upgrade.
func (p *platform) age(ctx context.Context) error {
	for _, service := range tellers() {
		err := p.with(ctx, service, func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "UPDATE outbox_since SET at = at - interval '2 hours'")
			return err
		})
		if err != nil {
			return err
		}
	}
	return p.with(ctx, "notification", func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "UPDATE deliveries_since SET at = at - interval '2 hours'")
		return err
	})
}

// tellers are the services with an outbox: the read model tells nothing.
func tellers() []string {
	return slices.DeleteFunc(services(), func(service string) bool { return service == "query" })
}

// with connects to a service's database for f.
func (p *platform) with(ctx context.Context, service string, f func(*pgx.Conn) error) (err error) {
	conn, err := p.connect(ctx, service)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if err := f(conn); err != nil {
		return fmt.Errorf("outbox of %s: %w", service, err)
	}
	return nil
}

// events is the judgement of what the services told.
type events struct {
	told, published int
	pivot           pivot
	wrong           []string
}

func (e *events) add(format string, args ...any) {
	e.wrong = append(e.wrong, "I10: "+fmt.Sprintf(format, args...))
}

// told is one event, in an outbox or in the stream.
type told struct {
	id, kind, key string // kind is its type
	content       string // equal for two tellings of one result
	styled        bool   // it may be told again: a repeat of a choreographed order's step tells its result anew
}

func (t told) String() string { return fmt.Sprintf("event %s (%s) of %s", t.id, t.kind, t.key) }

// order is what the events are in order of: the key of one service.
func (t told) order() string { return strings.Split(t.kind, ".")[1] + " " + t.key }

// relayed bounds the time in which every event that was told is published: a relay that
// was killed leaves its lease to run out.
const relayed = 3 * time.Minute

// judgeEvents waits until no outbox has an event that waits, and compares the outboxes
// with the broker's stream.
func (p *platform) judgeEvents(ctx context.Context) (e events, err error) {
	waiting, cancel := context.WithTimeout(ctx, relayed)
	defer cancel()
	var failed error
	var left int
	err = wait.Until(waiting, "every event is published", func() bool {
		left, failed = p.unpublished(waiting)
		return failed == nil && left == 0
	})
	if err != nil {
		e.add("%d events are told and not published: %v", left, errors.Join(err, failed))
		return e, nil
	}
	outboxes, err := p.outboxes(ctx)
	if err != nil {
		return e, err
	}
	stream, err := p.stream(ctx)
	if err != nil {
		return e, err
	}
	e.told, e.published, e.pivot = len(outboxes), len(stream), pivotOf(outboxes)
	e.compare(outboxes, stream)
	return e, nil
}

// unpublished counts the events in all outboxes that wait or are dead.
func (p *platform) unpublished(ctx context.Context) (all int, err error) {
	for _, service := range tellers() {
		err := p.with(ctx, service, func(conn *pgx.Conn) error {
			var n int
			err := conn.QueryRow(ctx, "SELECT count(*) FROM outbox WHERE published_at IS NULL").Scan(&n)
			all += n
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return all, nil
}

// outboxes returns the events of all outboxes, each in the order of its ids.
func (p *platform) outboxes(ctx context.Context) (all []told, err error) {
	for _, service := range tellers() {
		err := p.with(ctx, service, func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, `SELECT event_id, type, key,
				type || ' ' || key || ' ' || data || coalesce(CAST(meta AS json) ->> 'sequence', '') || coalesce(CAST(meta AS json) ->> 'causation', ''),
				CAST(meta AS json) ->> 'style' IS NOT NULL
				FROM outbox ORDER BY id`)
			if err != nil {
				return err
			}
			some, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t told, err error) {
				err = row.Scan(&t.id, &t.kind, &t.key, &t.content, &t.styled)
				return t, err
			})
			all = append(all, some...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// stream returns the events that the broker has, in its order.
func (p *platform) stream(ctx context.Context) (all []told, err error) {
	conn, err := nats.Connect("nats://" + p.broker)
	if err != nil {
		return nil, fmt.Errorf("read the stream: %w", err)
	}
	defer conn.Close()
	js, err := natsjetstream.New(conn)
	if err != nil {
		return nil, fmt.Errorf("read the stream: %w", err)
	}
	consumer, err := js.OrderedConsumer(ctx, jetstream.Stream, natsjetstream.OrderedConsumerConfig{})
	if err != nil {
		return nil, fmt.Errorf("read the stream: %w", err)
	}
	for left := consumer.CachedInfo().NumPending; left > 0; {
		m, err := consumer.Next(natsjetstream.FetchMaxWait(time.Minute))
		if err != nil {
			return nil, fmt.Errorf("read the stream: %w", err)
		}
		of, err := m.Metadata()
		if err != nil {
			return nil, fmt.Errorf("read the stream: %w", err)
		}
		left = of.NumPending
		h := m.Headers()
		all = append(all, told{id: h.Get("ce-id"), kind: h.Get("ce-type"), key: h.Get("ce-partitionkey")})
	}
	return all, nil
}

// compare judges that every event of the outboxes is in the stream, and no other: in the
// order of its key, apart from repeats; and that no result of an orchestrated order is told
// by two events.
func (e *events) compare(outboxes, stream []told) {
	published, known := map[string]bool{}, map[string]bool{}
	var firsts []told // without repeats
	for _, t := range stream {
		if !published[t.id] {
			firsts = append(firsts, t)
		}
		published[t.id] = true
	}
	tellings := map[string]int{}
	for _, t := range outboxes {
		if !published[t.id] {
			e.add("%s is told, and is not in the stream", t)
		}
		known[t.id] = true
		if tellings[t.content]++; tellings[t.content] == 2 && !t.styled {
			e.add("%s is told by 2 events", t)
		}
	}
	for _, t := range firsts {
		if !known[t.id] {
			e.add("%s is in the stream, and in no outbox", t)
		}
	}
	both := func(t told) bool { return published[t.id] && known[t.id] }
	want, have := byOrder(outboxes, both), byOrder(firsts, both)
	for of, ids := range want {
		if !slices.Equal(ids, have[of]) {
			e.add("the events of %s are in another order than they were told: %v, and told %v", of, have[of], ids)
		}
	}
}

// byOrder returns the ids of the selected events in their order, per key.
func byOrder(all []told, selected func(told) bool) map[string][]string {
	ids := map[string][]string{}
	for _, t := range all {
		if selected(t) {
			ids[t.order()] = append(ids[t.order()], t.id)
		}
	}
	return ids
}
