// Package carrier is the shipping service's view of the company that moves the
// parcels. Every call has an idempotency key, one per parcel, which the carrier
// remembers for ever: a key names one booking, whatever the number of attempts.
//
// A carrier that books twice under one key, or that cannot be asked about a key or
// forbid one, needs an adapter that adds this.
package carrier

import (
	"context"
	"errors"
)

// The errors that prove what happened. After any other error,
// [context.DeadlineExceeded] included, the call may have taken effect and the
// caller has to [Carrier.Find] out.
var (
	// ErrUndeliverable: the carrier does not serve the address; nothing is booked.
	ErrUndeliverable = errors.New("the carrier does not deliver to this address")
	// ErrUnavailable: the carrier did not take the call; it may later.
	ErrUnavailable = errors.New("the carrier is not available")
	// ErrForbidden: the key was cancelled or forbidden; nothing is booked, ever.
	ErrForbidden = errors.New("nothing can be booked under this key any more")
	// ErrKeyReused: the key already names another parcel.
	ErrKeyReused = errors.New("another parcel is booked under this key")
	// ErrInvalid: the request makes no sense to any carrier.
	ErrInvalid = errors.New("the carrier cannot read the request")
	// ErrNotFound: there is no booking under the key to cancel.
	ErrNotFound = errors.New("nothing was booked under this key")
)

// Carrier books parcels. Its methods may be called concurrently, also under one
// key: each takes effect at one moment between its call and its reply. Every method
// may fail with [ErrUnavailable].
//
// A key lives once: nothing → booked → cancelled, or nothing → forbidden.
type Carrier interface {
	// Book books one parcel under key. A repeat books nothing and returns the
	// existing booking. It fails with [ErrUndeliverable], which the carrier does not
	// remember, with [ErrForbidden], [ErrKeyReused] or [ErrInvalid].
	Book(ctx context.Context, key string, p Parcel) (Booking, error)

	// Cancel cancels the booking under key. A repeat succeeds. It fails with
	// [ErrNotFound]: a key that may have no booking is forbidden instead.
	Cancel(ctx context.Context, key string) error

	// Find returns the booking under key as it stands now, and whether there is one.
	// A forbidden key has none.
	Find(ctx context.Context, key string) (b Booking, found bool, err error)

	// Forbid makes sure that key has no booking, now and for ever, and returns false;
	// or, if it has one, changes nothing and returns it with true, as Find. It is
	// atomic: no late Book can slip through. A repeat returns the same.
	Forbid(ctx context.Context, key string) (b Booking, found bool, err error)
}

// Parcel is a shipment to book.
type Parcel struct {
	Warehouse string // code of the warehouse that hands it over
	To        Address
	Lines     []Line
}

// Address is the destination of a parcel. It is personal data: it must not appear
// in a log or an error.
type Address struct {
	Name       string
	Line1      string
	Line2      string
	City       string
	PostalCode string // empty where there are none
	Region     string `json:"region,omitempty"` // state, province or the like; may be empty
	Country    string // ISO 3166-1 alpha-2, or XK
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

// State is the state of a booking.
type State string

// The states: booked → cancelled. Cancelled is final.
const (
	Booked    State = "booked"
	Cancelled State = "cancelled"
)
