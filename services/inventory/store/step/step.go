// Package step says which facts tell the record of each step of the inventory service.
package step

import (
	"github.com/amends/amends/event"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
)

// Reserve tells the record of a reservation's step.
var Reserve = outbox.Step[inventory.Reservation]{
	Done: func(k key.Key, r inventory.Reservation) []event.Event {
		return one(inventory.ReservedFact.New(k.Saga, k.Saga, inventory.ReservedData{Key: k, Reservation: r}))
	},
	Refused: func(k key.Key, code fault.Code) []event.Event {
		return one(inventory.RefusedFact.New(k.Saga, k.Saga, inventory.RefusedData{Key: k, Code: code}))
	},
	Ended: func(k key.Key, r inventory.Reservation) []event.Event {
		return one(inventory.ReleasedFact.New(k.Saga, k.Saga, inventory.ReleasedData{Key: k, Parcels: r.Parcels}))
	},
}

// Commit tells the record of a commit, which is never refused nor undone.
var Commit = outbox.Step[inventory.Commitment]{
	Done: func(k key.Key, c inventory.Commitment) []event.Event {
		return one(inventory.CommittedFact.New(k.Saga, k.Saga, inventory.CommittedData{Key: k, Commitment: c}))
	},
}

// TakeBack tells the record of a take-back, which is never refused nor undone.
var TakeBack = outbox.Step[inventory.Return]{
	Done: func(k key.Key, r inventory.Return) []event.Event {
		return one(inventory.TakenBackFact.New(k.Saga, k.Saga, inventory.TakenBackData{Key: k, Return: r}))
	},
}

func one(e event.Event) []event.Event { return []event.Event{e} }

// Steps say how the entries of the service's ledger are told.
var Steps = compare.Steps{
	"inventory.reserve": Reserve.Events, "inventory.commit": Commit.Events, "inventory.take_back": TakeBack.Events,
}
