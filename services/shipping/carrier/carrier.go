// Package carrier is what amends needs of whoever moves the parcels, and
// nothing more. Every call carries an idempotency key, one per parcel, that a
// carrier remembers for ever: the key, and not the attempt, is what is booked.
//
// A carrier that books twice under one key, or that has no way to be asked or
// forbidden, needs an adapter that gives it one before it fits in here.
package carrier

import (
	"context"

	"github.com/amends/amends/fault"
)

// Codes of a carrier's answers. What is none of them, and is no [fault.Error]
// either, says nothing about whether the call happened.
const (
	// Undeliverable is the refusal, of kind Business, of an address that the
	// carrier does not serve.
	Undeliverable fault.Code = "UNDELIVERABLE"
	// Unavailable, of kind Transient, says that the carrier did not take the call.
	Unavailable fault.Code = "CARRIER_UNAVAILABLE"
	// Timeout, of kind Unknown, says that the reply did not come in time.
	Timeout fault.Code = "CARRIER_TIMEOUT"
)

// Carrier books parcels. Its methods may be called at the same time, also under
// one key: each takes effect at one moment between its call and its reply.
//
// Keys live once: nothing → booked → cancelled, or nothing → forbidden.
type Carrier interface {
	// Book books one parcel under key. A repeat books nothing and returns the
	// booking that is there. It refuses with UNDELIVERABLE and remembers nothing
	// then. Under a key that was cancelled or forbidden it books nothing and
	// fails with SUSPENDED; under one that booked another parcel it fails with
	// REQUEST_MISMATCH.
	Book(ctx context.Context, key string, p Parcel) (Booking, error)

	// Cancel takes back the booking under key. A repeat succeeds. Without a
	// booking under key it fails with NOT_FOUND, of kind Bug: what is not known to
	// be booked is forbidden instead.
	Cancel(ctx context.Context, key string) error

	// Find returns the booking under key in the state it is in, and whether there
	// is one. A forbidden key has none.
	Find(ctx context.Context, key string) (b Booking, found bool, err error)

	// Forbid makes sure that nothing is ever booked under key from now on, or
	// returns the booking that is there already, in the state it is in, and leaves
	// it alone. It is one or the other at one moment: between the two answers no
	// late Book can slip through. A repeat answers the same.
	Forbid(ctx context.Context, key string) (b Booking, found bool, err error)
}

// Parcel is what a carrier is asked to move, and where to.
type Parcel struct {
	Warehouse string // where it is picked up
	To        Address
	Lines     []Line
}

// Address is where a parcel goes. It is personal data: a carrier gets it to
// deliver, and it belongs into no log and no error.
type Address struct {
	Name       string
	Line1      string
	Line2      string
	City       string
	PostalCode string
	Country    string // ISO 3166-1 alpha-2
}

// Line is a quantity of one product in a parcel.
type Line struct {
	SKU      string
	Quantity int64
}

// Booking is a parcel that the carrier has accepted.
type Booking struct {
	Carrier        string // the carrier's name
	TrackingNumber string // unique at that carrier
	State          State
}

// State is where a booking stands at the carrier.
type State string

// The states. booked → cancelled, and no way back.
const (
	Booked    State = "booked"
	Cancelled State = "cancelled"
)
