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

	// LinesOf returns all bookings whose keys are one of these, or begin with one of
	// them and a slash.
	LinesOf(ctx context.Context, keys []string) ([]StatementLine, error)
}
