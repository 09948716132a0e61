package carrier

import "context"

// StatementLine is a key of the carrier's book with what is booked under it.
type StatementLine struct {
	Key       string
	Warehouse string
	Booking   Booking
}

// Statement is the carrier's book, for comparing it with ours; see
// provider.Statement of the payment service, which is the same for money.
type Statement interface {
	// Lines returns at most limit bookings whose keys come behind after, up to to
	// and with it (empty: no bound), by key.
	Lines(ctx context.Context, after, to string, limit int) ([]StatementLine, error)

	// LinesOf returns all bookings whose keys begin with one of the prefixes, each
	// of which ends in a slash, by key.
	LinesOf(ctx context.Context, prefixes []string) ([]StatementLine, error)
}
