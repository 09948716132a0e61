package shipping

import (
	"context"

	"github.com/amends/amends/saga/key"
)

// Service is the shipping service. It owns shipments. Do/undo pair: Book/Cancel.
type Service interface {
	// Book books one shipment per parcel at the carrier, in parallel, all or none:
	// a refusal part-way takes back its own earlier bookings before it is
	// recorded. A repeat returns the recorded booking. It refuses with
	// UNDELIVERABLE; after Cancel it answers SUSPENDED; when the carrier does not
	// answer the outcome is unknown (CARRIER_TIMEOUT, kind unknown;
	// CARRIER_UNAVAILABLE, kind transient) and the retry asks first. The same k
	// with another address or other parcels is a bug (REQUEST_MISMATCH), and so is
	// a request that breaks a rule (INVALID, see [BookRequest.Validate]).
	Book(ctx context.Context, k key.Key, req BookRequest) (Booking, error)

	// Cancel takes back every shipment booked under k, and forbids the keys of
	// those that may or may not have been booked. A repeat, a cancel of what was
	// refused and a cancel of what never was booked succeed; the latter blocks a
	// late Book. When the carrier does not answer it fails as Book does, and a
	// repeat takes back the rest.
	Cancel(ctx context.Context, k key.Key) error
}
