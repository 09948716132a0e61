package shipping

import (
	"context"

	"github.com/amends/amends/saga/key"
)

// Service is the shipping service. It owns shipments. Do/undo pair: Book/Cancel.
type Service interface {
	Direct

	// Book books one shipment per parcel at the carrier, in parallel, all or none: a
	// refusal cancels the step's other bookings before it is recorded. A repeat returns
	// the recorded booking. It refuses with UNDELIVERABLE; after Cancel it answers
	// SUSPENDED. If the carrier does not answer it fails with CARRIER_TIMEOUT (kind
	// unknown) or CARRIER_UNAVAILABLE (kind transient), and the retry asks first. The
	// same k with another address or other parcels is a bug (REQUEST_MISMATCH), and so
	// is a request that breaks a rule (INVALID, see [BookRequest.Validate]).
	Book(ctx context.Context, k key.Key, req BookRequest) (Booking, error)

	// Cancel cancels every shipment booked under k, and forbids the keys that may have
	// been used. A repeat succeeds, and so does a cancel after a refusal or without a
	// booking; the latter blocks a late Book. If the carrier does not answer it fails as
	// Book does, and a repeat cancels the rest.
	Cancel(ctx context.Context, k key.Key) error
}

// Direct is the part of the service that is called directly, not as a step of a saga. A
// method may refuse with INVALID a saga of more than 255 characters: there is none.
type Direct interface {
	// Track returns the shipments of a saga as this service records them, by warehouse
	// code, without a call to the carrier; none if nothing was to be booked. Carrier and
	// tracking number are empty for a parcel that never was booked.
	Track(ctx context.Context, saga string) ([]Shipment, error)
}
