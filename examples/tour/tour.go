// Package tour is a saga without an orchestrator: a desk books tours, a hotel holds a room,
// an airline sells a seat. Each has its own database, hears facts of the others, and tells
// its own.
//
// The sold seat is the pivot. The desk alone decides against a tour: it asks for the abort,
// the airline settles (the seat is sold, or never will be), and only then the desk aborts
// and the hotel gives the room back.
package tour

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/choreography"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/saga/key"
)

// Style is that of tours.
const Style = "tour"

// Nothing is the data of every fact: a listener needs no more than the id of the tour.
type Nothing struct{}

func declare(service, name string, urgent bool) event.Fact[Nothing] {
	return event.Declare[Nothing](event.Declaration{Service: service, Name: name, Version: 1, Key: "tour", Urgent: urgent})
}

// The facts.
var (
	Asked      = declare("desk", "asked", false)
	AbortAsked = declare("desk", "abort_asked", true)
	Aborted    = declare("desk", "aborted", true)
	Confirmed  = declare("desk", "confirmed", false)
	Cancelled  = declare("desk", "cancelled", false)

	Held     = declare("hotel", "held", false)
	Full     = declare("hotel", "full", false)
	Released = declare("hotel", "released", false)

	Sold    = declare("airline", "sold", false)
	SoldOut = declare("airline", "sold_out", false)
	Settled = declare("airline", "settled", false) // the seat is not sold and never will be
)

func told(f event.Fact[Nothing], id string) event.Event {
	e := f.New(id, id, Nothing{})
	e.Style = Style
	return e
}

// step tells facts of a step.
func step(done, refused, ended event.Fact[Nothing]) outbox.Step[Nothing] {
	tell := func(f event.Fact[Nothing], k key.Key) []event.Event { return []event.Event{told(f, k.Saga)} }
	return outbox.Step[Nothing]{
		Done:    func(k key.Key, _ Nothing) []event.Event { return tell(done, k) },
		Refused: func(k key.Key, _ fault.Code) []event.Event { return tell(refused, k) },
		Ended:   func(k key.Key, _ Nothing) []event.Event { return tell(ended, k) },
	}
}

// Desk decides about tours. Its database has the table tour, and the outbox.
type Desk struct{ DB *gorm.DB }

// Book asks for a tour.
func (d Desk) Book(ctx context.Context, id string) error {
	return txn.Run(ctx, d.DB, func(tx *gorm.DB) error {
		if err := tx.Exec("INSERT INTO tour VALUES (?, 'asked', '')", id).Error; err != nil {
			return err
		}
		return outbox.Tell(tx, told(Asked, id))
	})
}

// Object asks for the abort of a tour that is not decided. The first reason stays.
func (d Desk) Object(ctx context.Context, id, reason string) error {
	return txn.Run(ctx, d.DB, func(tx *gorm.DB) error {
		set := "UPDATE tour SET state = 'objected', reason = CASE reason WHEN '' THEN ? ELSE reason END"
		return tellIf(tx.Exec(set+" WHERE id = ? AND state IN ('asked', 'objected')", reason, id), tx, AbortAsked, id)
	})
}

// move takes a tour from one of some states to another, and tells f, again for a repeat.
// A tour that was decided otherwise stays as it is.
func (d Desk) move(ctx context.Context, id, to string, f event.Fact[Nothing], from ...string) error {
	return txn.Run(ctx, d.DB, func(tx *gorm.DB) error {
		return tellIf(tx.Exec("UPDATE tour SET state = ? WHERE id = ? AND state IN ?", to, id, append(from, to)), tx, f, id)
	})
}

func tellIf(res, tx *gorm.DB, f event.Fact[Nothing], id string) error {
	if res.Error != nil || res.RowsAffected == 0 {
		return res.Error
	}
	return outbox.Tell(tx, told(f, id))
}

// State returns how far a tour has come, and why it was objected to.
func (d Desk) State(ctx context.Context, id string) (state, reason string, err error) {
	var row struct{ State, Reason string }
	err = d.DB.WithContext(ctx).Raw("SELECT state, reason FROM tour WHERE id = ?", id).Scan(&row).Error
	return row.State, row.Reason, err
}

// Remind does the work of the desk's clock: it objects to a tour that is late, and tells the
// newest fact of any other that is not decided again.
func (d Desk) Remind(ctx context.Context, id string, late bool) error {
	state, _, err := d.State(ctx, id)
	switch {
	case err != nil:
		return err
	case state == "asked" && late:
		return d.Object(ctx, id, "late")
	case state == "asked":
		return d.move(ctx, id, "asked", Asked)
	case state == "objected":
		return d.move(ctx, id, "objected", AbortAsked)
	case state == "aborted":
		return d.move(ctx, id, "aborted", Aborted)
	}
	return nil
}

// Seller is the hotel, or the airline. Its database has the table stock, the barrier's, and
// the outbox.
type Seller struct{ DB *gorm.DB }

var (
	hold = step(Held, Full, Released)
	sell = step(Sold, SoldOut, Settled)
)

func (s Seller) take(ctx context.Context, id, name string, what outbox.Step[Nothing]) error {
	call := barrier.Call{Key: key.New(id, name), Fingerprint: barrier.Fingerprint(1)}
	_, err := barrier.Do(ctx, s.DB, call, func(tx *gorm.DB) (Nothing, error) {
		res := tx.Exec("UPDATE stock SET free = free - 1 WHERE free > 0")
		if res.Error == nil && res.RowsAffected == 0 {
			return Nothing{}, fault.Errorf(fault.Business, "NONE_LEFT", "none is left")
		}
		return Nothing{}, res.Error
	}, what.Tell(ctx))
	return err
}

func (s Seller) giveBack(ctx context.Context, id string) error {
	back := func(tx *gorm.DB, _ Nothing) error { return tx.Exec("UPDATE stock SET free = free + 1").Error }
	return barrier.Undo(ctx, s.DB, key.New(id, "hotel.hold"), back, hold.Undo(ctx))
}

func (s Seller) settle(ctx context.Context, id string) error {
	_, _, err := barrier.Settle[Nothing](ctx, s.DB, key.New(id, "airline.sell"), sell.Settle(ctx))
	return err
}

// reaction is the act of a service that hears a fact.
type reaction struct {
	choreography.Reaction[Nothing]

	do func(ctx context.Context, id string) error
}

func on(group string, f event.Fact[Nothing], calls string, do func(context.Context, string) error, tells ...event.Fact[Nothing]) reaction {
	r := choreography.Reaction[Nothing]{Group: group, On: f, Calls: group + "." + calls}
	for _, t := range tells {
		r.Tells = append(r.Tells, t.Declaration)
	}
	return reaction{r, do}
}

func reactions(d Desk, hotel, airline Seller) []reaction {
	object := func(why string) func(context.Context, string) error {
		return func(ctx context.Context, id string) error { return d.Object(ctx, id, why) }
	}
	decide := func(to string, f event.Fact[Nothing], from ...string) func(context.Context, string) error {
		return func(ctx context.Context, id string) error { return d.move(ctx, id, to, f, from...) }
	}
	return []reaction{
		on("hotel", Asked, "hold", func(ctx context.Context, id string) error { return hotel.take(ctx, id, "hotel.hold", hold) }, Held, Full),
		on("airline", Held, "sell", func(ctx context.Context, id string) error { return airline.take(ctx, id, "airline.sell", sell) }, Sold, SoldOut),
		on("desk", Sold, "confirm", decide("confirmed", Confirmed, "asked", "objected"), Confirmed),

		on("desk", Full, "object", object("no room"), AbortAsked),
		on("desk", SoldOut, "object", object("no seat"), AbortAsked),
		on("airline", AbortAsked, "settle", airline.settle, Settled, Sold),
		on("desk", Settled, "abort", decide("aborted", Aborted, "objected"), Aborted),
		on("hotel", Aborted, "release", hotel.giveBack, Released),
		on("desk", Released, "cancel", decide("cancelled", Cancelled, "aborted"), Cancelled),
	}
}

// Listeners returns the listeners of the three services.
func Listeners(d Desk, hotel, airline Seller) []event.Listener {
	var all []event.Listener
	for _, group := range []string{"desk", "hotel", "airline"} {
		l := choreography.Listen(group, Style)
		for _, r := range reactions(d, hotel, airline) {
			if r.Group == group {
				choreography.React(l, r.Reaction, func(ctx context.Context, id string, _ Nothing) error { return r.do(ctx, id) })
			}
		}
		all = append(all, l.Listener())
	}
	return all
}

// Choreography returns the reactions as data.
func Choreography() choreography.Graph {
	g := choreography.Graph{
		Begins: []event.Declaration{Asked.Declaration, AbortAsked.Declaration, Aborted.Declaration},
		Ends:   []event.Declaration{Confirmed.Declaration, Cancelled.Declaration},
	}
	for _, r := range reactions(Desk{}, Seller{}, Seller{}) {
		g.Links = append(g.Links, r.Link())
	}
	return g
}
