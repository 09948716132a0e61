package carrier

import "context"

// StatementLine is one key of the carrier's records with its booking.
type StatementLine struct {
	Key       string
	Warehouse string
	Booking   Booking
}

// Statement is the carrier's records, for comparing them with ours. A carrier whose
// statements have other pages, or come once a day, needs an adapter that stores them.
type Statement interface {
	// Lines returns at most limit bookings whose keys are greater than after and at
	// most to (empty: no bound), by key.
	Lines(ctx context.Context, after, to string, limit int) ([]StatementLine, error)

	// LinesOf returns all bookings whose keys are in keys, or begin with one of them
	// and a slash.
	LinesOf(ctx context.Context, keys []string) ([]StatementLine, error)
}
