// Package store keeps the support service's rows and implements its contract. A command is
// one transaction, which locks the case, or the order whose case it opens.
package store

import (
	"context"
	"embed"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/services/support"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is that of the support service's database.
var Schema = database.Schema{barrier.Migrations, database.Migrations(files), database.Set(outbox.Name, outbox.Migrations)}

// Store implements [support.Service] on a database of its own.
type Store struct{ db *gorm.DB }

var _ support.Service = (*Store)(nil)

// New returns a store on db, which must be migrated to [Schema].
func New(db *gorm.DB) *Store { return &Store{db} }

// Open implements [support.Service].
func (s *Store) Open(ctx context.Context, o support.Opening) (c support.Case, err error) {
	if err := o.Validate(); err != nil {
		return c, err
	}
	this := command{subject: o.Order, author: o.Author, key: o.Key, content: []string{"open", o.Subject, o.Text}}
	err = database.InTx(ctx, s.db, func(tx *gorm.DB) error {
		if err := lockAccount(tx, o.Author); err != nil {
			return err
		}
		if err := lockOrder(tx, o.Order); err != nil {
			return err
		}
		if id, err := this.before(tx); err != nil {
			return err
		} else if id != "" {
			c, err = whole(tx, id, o.Order)
			return err
		}
		if err := refuseTooMany(tx, o.Order); err != nil {
			return err
		}
		if c, err = opened(o); err != nil {
			return err
		}
		row := newCaseRow(c)
		if err := tx.Create(&row).Error; err != nil {
			return fmt.Errorf("write the case: %w", err)
		}
		if err := writeMessage(tx, c); err != nil {
			return err
		}
		return this.done(tx, c, support.OpenedFact.New(c.Order, "", support.OpenedData{Case: c.ID, Order: c.Order}))
	})
	return c, err
}

// opened returns a new case.
func opened(o support.Opening) (support.Case, error) {
	id, err := uuid.NewV7() // later ones are greater
	if err != nil {
		return support.Case{}, fmt.Errorf("make an id: %w", err)
	}
	now := database.Now()
	return support.Case{
		ID: id.String(), Order: o.Order, Customer: o.Author.ID, Subject: o.Subject, State: support.Open, CreatedAt: now, UpdatedAt: now,
		Messages: []support.Message{{Author: o.Author, Text: o.Text, At: now}},
	}, nil
}

// lockOrder lets one transaction at a time open a case of an order.
func lockOrder(tx *gorm.DB, order string) error {
	if err := tx.Exec("INSERT INTO orders (id) VALUES (?) ON CONFLICT (id) DO UPDATE SET id = excluded.id", order).Error; err != nil {
		return fmt.Errorf("lock the order: %w", err)
	}
	return nil
}

func refuseTooMany(tx *gorm.DB, order string) error {
	var states []string
	if err := tx.Model(&caseRow{}).Where("order_id = ?", order).Pluck("state", &states).Error; err != nil {
		return fmt.Errorf("count the cases: %w", err)
	}
	open := 0
	for _, s := range states {
		if support.State(s) != support.Closed {
			open++
		}
	}
	switch {
	case len(states) >= support.MaxCases:
		return fault.Errorf(fault.Business, support.TooManyCases, "an order has at most %d cases", support.MaxCases)
	case open >= support.MaxOpen:
		return fault.Errorf(fault.Business, support.TooManyCases, "an order has at most %d cases that are not closed; close one, or answer it", support.MaxOpen)
	}
	return nil
}

// Answer implements [support.Service].
func (s *Store) Answer(ctx context.Context, cmd support.Command, text string) (support.Case, error) {
	if err := support.Text(text); err != nil {
		return support.Case{}, err
	}
	return s.change(ctx, cmd, []string{"answer", text}, func(tx *gorm.DB, c *support.Case) (event.Event, error) {
		if err := c.Answer(support.Message{Author: cmd.Author, Text: text, At: database.Now()}); err != nil {
			return event.Event{}, err
		}
		told := support.AnsweredFact.New(c.Order, "", support.AnsweredData{Case: c.ID, Order: c.Order, By: cmd.Author.Side})
		return told, writeMessage(tx, *c)
	})
}

// Assign implements [support.Service].
func (s *Store) Assign(ctx context.Context, cmd support.Command, assignee string) (support.Case, error) {
	if err := support.Assignee(assignee); err != nil {
		return support.Case{}, err
	}
	return s.change(ctx, cmd, []string{"assign", assignee}, func(_ *gorm.DB, c *support.Case) (told event.Event, err error) {
		if changed, err := c.Assign(assignee, database.Now()); err != nil || !changed {
			return told, err
		}
		return support.AssignedFact.New(c.Order, "", support.AssignedData{Case: c.ID, Order: c.Order, Assigned: assignee != ""}), nil
	})
}

// Close implements [support.Service].
func (s *Store) Close(ctx context.Context, cmd support.Command) (support.Case, error) {
	return s.change(ctx, cmd, []string{"close"}, func(_ *gorm.DB, c *support.Case) (told event.Event, _ error) {
		if c.Close(database.Now()) {
			told = support.ClosedFact.New(c.Order, "", support.ClosedData{Case: c.ID, Order: c.Order, By: cmd.Author.Side})
		}
		return told, nil
	})
}

// change carries out a command on its case, which is locked, unless it is a repeat. f returns
// the event that tells the change, the zero one for none: then nothing is written.
func (s *Store) change(ctx context.Context, cmd support.Command, content []string, f func(*gorm.DB, *support.Case) (event.Event, error)) (c support.Case, err error) {
	if err := cmd.Validate(); err != nil {
		return c, err
	}
	this := command{subject: cmd.Case, author: cmd.Author, key: cmd.Key, content: content}
	err = database.InTx(ctx, s.db, func(tx *gorm.DB) error {
		if err := lockAccount(tx, cmd.Author); err != nil {
			return err
		}
		if c, err = read(locking(tx), cmd.Case, cmd.Order); err != nil {
			return err
		}
		if err := readMessages(tx, &c); err != nil {
			return err
		}
		if id, err := this.before(tx); id != "" || err != nil {
			return err
		}
		told, err := f(tx, &c)
		if err != nil || told.Type == "" {
			return err
		}
		row := newCaseRow(c)
		if err := tx.Save(&row).Error; err != nil {
			return fmt.Errorf("change the case: %w", err)
		}
		return this.done(tx, c, told)
	})
	return c, err
}
