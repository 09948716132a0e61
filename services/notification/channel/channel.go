// Package channel is how messages leave the platform: one [Channel] for each way.
package channel

import (
	"context"

	"github.com/amends/amends/fault"
)

// Codes of channels.
const (
	// Refused: the server does not take the message, and never will.
	Refused fault.Code = "MESSAGE_REFUSED"
	// AddressRefused: the server does not know the address.
	AddressRefused fault.Code = "ADDRESS_REFUSED"
	// Unavailable: the server has not taken the message; it may later.
	Unavailable fault.Code = "CHANNEL_UNAVAILABLE"
	// NoAnswer: the server may have taken the message.
	NoAnswer fault.Code = "CHANNEL_TIMEOUT"
)

// Message is one message to one address.
type Message struct {
	// Key names the message: every attempt to send it has the same.
	Key string
	// To is the address. It is personal data.
	To string
	// Subject, Text and HTML are its content; HTML may be empty.
	Subject, Text, HTML string
}

// Channel sends messages.
type Channel interface {
	// Send sends m and returns nil once the server has taken it. A refusal (business) is
	// Refused or AddressRefused; Unavailable (transient) proves that nothing was sent. After
	// NoAnswer (unknown) a repeat with the same key is harmless.
	Send(ctx context.Context, m Message) error
}

// Provider is a channel that can be asked by key.
type Provider interface {
	Channel
	// Close makes sure that nothing is sent under key from now on, and reports whether it
	// was sent before. A repeat answers the same.
	Close(ctx context.Context, key string) (sent bool, err error)
}
