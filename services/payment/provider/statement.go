package provider

import "context"

// Statement is the provider's book, for comparing it with ours. A provider
// whose statements have other pages or come once a day needs an adapter that
// keeps what it was told.
type Statement interface {
	// Lines returns at most limit effects whose keys come behind after, up to to and
	// with it (empty: no bound), by key.
	Lines(ctx context.Context, after, to string, limit int) ([]Effect, error)

	// LinesOf returns all effects whose keys are one of these, or begin with one of
	// them and a slash.
	LinesOf(ctx context.Context, keys []string) ([]Effect, error)
}
