package provider

import "context"

// Statement is the provider's records, for comparing them with ours. A provider whose
// statements have other pages, or come once a day, needs an adapter that stores them.
type Statement interface {
	// Lines returns at most limit effects whose keys are greater than after and at
	// most to (empty: no bound), by key.
	Lines(ctx context.Context, after, to string, limit int) ([]Effect, error)

	// LinesOf returns all effects whose keys are in keys, or begin with one of them
	// and a slash.
	LinesOf(ctx context.Context, keys []string) ([]Effect, error)
}
