package events_test

import (
	"context"
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
)

// count is the data of the facts: the number of the event among those of its key.
type count struct {
	N int64 `json:"n"`
}

// engines are those of a database.
var engines = map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres}

// declare returns a fact of a service.
func declare(service, name string, urgent bool) event.Fact[count] {
	return event.Declare[count](event.Declaration{Service: service, Name: name, Version: 1, Key: "order", Urgent: urgent})
}

// counted are the facts by the service that tells them. Each service has a database:
// the first a SQLite file, the second a PostgreSQL server.
var counted = map[string]event.Fact[count]{
	"inventory": declare("inventory", "counted", false),
	"payment":   declare("payment", "counted", false),
}

// overtook is an urgent fact.
var overtook = declare("payment", "overtook", true)

// facts are all that a group follows.
var facts = []event.Declaration{counted["inventory"].Declaration, counted["payment"].Declaration, overtook.Declaration}

// own are the tables of the parts: the counters of a teller and the effects of groups.
var own = map[string]fs.FS{
	"sqlite":   tables("integer PRIMARY KEY AUTOINCREMENT"),
	"postgres": tables("bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
}

func tables(position string) fs.FS {
	return fstest.MapFS{"90001_own.sql": {Data: []byte(`-- +goose Up
CREATE TABLE counter (event_key text PRIMARY KEY, n bigint NOT NULL);
CREATE TABLE effect (position ` + position + `, group_name text NOT NULL, event_id text NOT NULL, type text NOT NULL,
	event_key text NOT NULL, saga text NOT NULL, n bigint NOT NULL);
CREATE INDEX effect_group ON effect (group_name);
`)}}
}

// migrate makes the tables of a service that tells and listens.
func migrate(ctx context.Context, db *gorm.DB) error {
	return database.Schema{
		barrier.Migrations, own[db.Name()], database.Set(outbox.Name, outbox.Migrations), database.Set(lease.Name, lease.Migrations), database.Set(waiting.Name, waiting.Migrations),
	}.Migrate(ctx, db)
}

// sagaOf names the nth saga of a service.
func sagaOf(service string, n int) string { return fmt.Sprintf("%s-%d", service, n) }

// keyOf names the key of the nth saga. Neighbours share a key, so that their
// transactions meet, and both services have the same keys, as facts about orders do.
func keyOf(n, keys int) string { return fmt.Sprintf("order-%d", n/2%keys) }

// tell runs the nth saga's step, which raises the counter of its key and tells of it. A
// repeat changes and tells nothing.
func tell(ctx context.Context, db *gorm.DB, service string, n, keys int) error {
	saga, key := sagaOf(service, n), keyOf(n, keys)
	call := barrier.Call{Key: barrier.Key{Saga: saga, Step: service + ".count"}, Fingerprint: barrier.Fingerprint(1, key)}
	var c count
	_, err := barrier.Do(ctx, db, call, func(tx *gorm.DB) (count, error) {
		return c, tx.Raw("INSERT INTO counter (event_key, n) VALUES (?, 1) ON CONFLICT (event_key) DO UPDATE SET n = counter.n + 1 RETURNING n", key).Scan(&c.N).Error
	}, func(tx *gorm.DB, told barrier.Told) error {
		if told.Repeat {
			return nil
		}
		return outbox.Tell(tx, counted[service].New(key, saga, c))
	})
	return err
}

// effect is the effect of an event in a group.
type effect struct {
	Position  int64 `gorm:"->"`
	GroupName string
	EventID   string
	Type      string
	EventKey  string
	Saga      string
	N         int64
}

// TableName is the table of effects.
func (effect) TableName() string { return "effect" }

// effectOf returns the effect of an event.
func effectOf(group string, e event.Event) (effect, error) {
	f := overtook
	for _, other := range counted {
		if other.Type() == e.Type {
			f = other
		}
	}
	c, err := f.Read(e)
	return effect{GroupName: group, EventID: e.ID, Type: e.Type, EventKey: e.Key, Saga: e.Correlation, N: c.N}, err
}

// refusal, if it is not nil, is asked before an event takes effect, for a planted bug.
type refusal func(e event.Event) error

// react returns a group whose reaction to an event is a step of its saga.
func react(group string, o inbox.Options, refuse refusal) *inbox.Group {
	return inbox.React(event.Listener{Group: group, Facts: facts, Handle: func(ctx context.Context, e event.Event) error {
		if refuse != nil {
			if err := refuse(e); err != nil {
				return err
			}
		}
		return step(ctx, o.DB, group, e)
	}}, o)
}

// step is the reaction to an event.
func step(ctx context.Context, db *gorm.DB, group string, e event.Event) error {
	call := barrier.Call{Key: barrier.Key{Saga: e.Correlation, Step: group}, Fingerprint: barrier.Fingerprint(1, e.Key)}
	_, err := barrier.Do(ctx, db, call, func(tx *gorm.DB) (struct{}, error) {
		return struct{}{}, write(tx, group, []event.Event{e})
	})
	return err
}

// project returns a group that writes the effects of many events at once.
func project(group string, o inbox.Options, refuse refusal) *inbox.Group {
	return inbox.Project(inbox.Projection{Group: group, Facts: facts, Apply: func(tx *gorm.DB, events []event.Event) error {
		for _, e := range events {
			if refuse != nil {
				if err := refuse(e); err != nil {
					return err
				}
			}
		}
		return write(tx, group, events)
	}}, o)
}

// write writes the effects of events in a group.
func write(tx *gorm.DB, group string, events []event.Event) error {
	rows := make([]effect, len(events))
	for i, e := range events {
		var err error
		if rows[i], err = effectOf(group, e); err != nil {
			return err
		}
	}
	return tx.Create(&rows).Error
}
