// Package travel books trips: a flight and the rooms of a hotel at the same time, then a
// car, the payment and the ticket. docs/write-your-own-saga.md builds it from nothing.
package travel

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/saga"
)

// Trip is the input of [Book].
type Trip struct {
	ID      string   `json:"id"`
	Flight  string   `json:"flight"`
	Rooms   []string `json:"rooms"`
	Car     string   `json:"car"`
	Charge  Charge   `json:"charge"`
	Express []string `json:"express,omitempty"` // steps, see saga.Options
}

// Charge is a payment with a card, which the token of the payment provider stands for.
type Charge struct {
	Cents int64  `json:"cents"`
	Token string `json:"token"`
}

// The steps. Each names the task queue of its service.
var (
	BookSeat  = saga.Step[string, string]{Name: "flight.book", Queue: "flight", Kind: saga.Compensatable, Owes: "a seat", Express: time.Second}
	BookRoom  = saga.Step[string, string]{Name: "hotel.book", Queue: "hotel", Kind: saga.Compensatable, Owes: "a room", Express: time.Second}
	RentCar   = saga.Step[string, string]{Name: "car.rent", Queue: "car", Kind: saga.Compensatable, Owes: "a car", Express: time.Second}
	Pay       = saga.Step[Charge, string]{Name: "payment.charge", Queue: "payment", Kind: saga.Pivot, Owes: "money taken", Money: true}
	GetTicket = saga.Step[string, string]{Name: "flight.ticket", Queue: "flight", Kind: saga.Closing, Express: time.Second}
)

// Plan returns every step of a trip with so many rooms. Each room is a step of its own.
func Plan(rooms int) saga.Plan {
	steps := []saga.Declared{BookSeat, RentCar, Pay, GetTicket}
	for n := range rooms {
		steps = append(steps, BookRoom.Nth(n+1))
	}
	return saga.NewPlan(steps...)
}

// Book is the workflow. It has ten minutes to book everything, and tries a service that is
// down once a minute.
func Book(ctx workflow.Context, t Trip) (saga.View, error) {
	o := saga.Options{
		ID: t.ID, Plan: Plan(len(t.Rooms)), Express: t.Express, Timing: saga.DefaultTiming(),
		DecideBy: workflow.GetInfo(ctx).WorkflowStartTime.Add(10 * time.Minute),
	}
	o.Timing.RetryMax = time.Minute
	return saga.Run(ctx, o, func(ctx workflow.Context) error {
		seat := saga.Go(ctx, BookSeat, t.Flight)
		for n, room := range t.Rooms {
			if _, err := saga.Do(ctx, BookRoom.Nth(n+1), room); err != nil {
				return err
			}
		}
		number, err := seat.Get(ctx)
		if err != nil {
			return err
		}
		if _, err := saga.Do(ctx, RentCar, t.Car); err != nil {
			return err
		}
		if _, err := saga.Do(ctx, Pay, t.Charge); err != nil {
			return err
		}
		_, err = saga.Do(ctx, GetTicket, number)
		return err
	})
}
