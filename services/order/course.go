package order

import (
	"time"

	"github.com/amends/amends/saga/ledger"
)

// Course is how far a choreographed order has come, as far as the order service must
// know.
type Course struct {
	// Asked is the first reason for which the order is to be aborted; empty: none. It is
	// decided when the capture is known not to have happened.
	Asked   Reason    `json:"asked,omitempty"`
	AskedAt time.Time `json:"asked_at,omitzero"` // UTC
	// Taken means that the money is known to be taken: the order goes forward, even if its
	// abort was asked for.
	Taken   bool        `json:"taken,omitempty"`
	Quote   *Quote      `json:"quote,omitempty"`   // nil until it is heard
	Parcels []Parcel    `json:"parcels,omitempty"` // none until they are booked
	Steps   []TakenStep `json:"steps,omitempty"`   // those that were heard of, in that order
	// Free are the services that hold nothing of the order and never will again.
	Free []string `json:"free,omitempty"`
	// NextAt is when the next reminder is due; Reminders counts those since the last
	// progress.
	NextAt    time.Time `json:"next_at,omitzero"` // UTC
	Reminders int       `json:"reminders,omitempty"`
	// Troubles are the events that services were stuck with, those that are over included.
	Troubles []Trouble `json:"troubles,omitempty"`
}

// Trouble is an event that a service is or was stuck with. An event has a trouble for each
// service that listens to it.
type Trouble struct {
	Event string            `json:"event"`          // its id
	Step  string            `json:"step"`           // that it leads to
	Flag  *ledger.Attention `json:"flag,omitempty"` // nil: it is over
}

// Quote is the price of an order.
type Quote struct {
	Total Total       `json:"total"`
	Lines []TakenLine `json:"lines"`
}

// reminded reports whether r is before after a reminder.
func (r Record) reminded(before Record) bool {
	return r.Course != nil && before.Course != nil && r.Course.Reminders > before.Course.Reminders
}
