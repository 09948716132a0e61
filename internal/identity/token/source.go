package token

import (
	"context"
	"time"
)

// Source is the user service as a gateway needs it.
type Source interface {
	// SigningKeys returns the keys that verify tokens now, and those that soon will.
	SigningKeys(ctx context.Context) (Keys, error)

	// Revocations returns the sessions and API keys that ended behind a position, in the
	// order of their ends, and the last position. Those whose tokens have all expired are
	// left out. A position that the service does not have counts as 0, the beginning.
	Revocations(ctx context.Context, after int64) (Revocations, error)

	// CheckSession returns nil for a session that has not ended, otherwise
	// UNAUTHENTICATED.
	CheckSession(ctx context.Context, id string) error

	// CheckKey returns the caller that an API key proves, or UNAUTHENTICATED.
	CheckKey(ctx context.Context, key string) (Identity, error)
}

// Revocations are a part of the list.
type Revocations struct {
	// Position is that of the last entry, and the next call's.
	Position int64
	Ended    []Ended
	// More reports that the list goes on.
	More bool
}

// Ended is a session, or an API key, that has ended.
type Ended struct {
	ID string
	// Until is when the last token of it has expired.
	Until time.Time
}
