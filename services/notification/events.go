package notification

import (
	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

// Told are all facts of the service, those below.
var Told []event.Declaration

// The facts that the service tells. They have no address.
var (
	// SentFact is told when a message is sent.
	SentFact = declare[SentData](event.Declaration{Name: "sent", About: "The message is with the server of its channel."})
	// FailedFact is told when a message is dropped.
	FailedFact = declare[FailedData](event.Declaration{Name: "failed", About: "The message is dropped: it was refused, came too late, or has no address."})
)

// declare adds a fact to the list.
func declare[Data any](d event.Declaration) event.Fact[Data] {
	d.Service, d.Version, d.Key = "notification", 1, "recipient"
	f := event.Declare[Data](d)
	Told = append(Told, f.Declaration)
	return f
}

// SentData is a message that is sent.
type SentData struct {
	Delivery  string  `json:"delivery"`
	Kind      Kind    `json:"kind"`
	Subject   string  `json:"subject"`
	Channel   Channel `json:"channel"`
	Recipient string  `json:"recipient"`
}

// FailedData is a message that is dropped, and why.
type FailedData struct {
	SentData

	Code fault.Code `json:"code"`
}
