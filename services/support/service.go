package support

import "context"

// Service is the support service. None of its methods is a step of a saga.
//
// A command is repeated with its key: the repeat changes nothing and returns the case as it
// is now. The same key of the same author with another content, for the same order or case,
// is refused with IDEMPOTENCY_KEY_REUSED. A command that finds nothing to change is not kept,
// and its key stays free. A customer's command is NOT_FOUND if the account is erased. A case
// that does not exist, or is not of the order that is named, is NOT_FOUND. Malformed
// arguments are refused with INVALID.
type Service interface {
	// Open opens a case with its first message. The caller has proved that the author owns
	// the order. It refuses with TOO_MANY_CASES.
	Open(ctx context.Context, o Opening) (Case, error)

	// Get returns a case with its messages; order may be empty for any.
	Get(ctx context.Context, id, order string) (Case, error)

	// OfOrder returns the cases of an order, the newest first, without their messages. There
	// are at most [MaxCases].
	OfOrder(ctx context.Context, order string) ([]Case, error)

	// List returns a page of cases, the oldest first, without their messages.
	List(ctx context.Context, f Filter) ([]Case, error)

	// Answer adds a message. It refuses with CASE_CLOSED and TOO_MANY_MESSAGES.
	Answer(ctx context.Context, c Command, text string) (Case, error)

	// Assign hands the case to a person of support; an empty name takes it back. It refuses
	// with CASE_CLOSED. A case that the person has already is not changed.
	Assign(ctx context.Context, c Command, assignee string) (Case, error)

	// Close closes the case. One that is closed is not changed.
	Close(ctx context.Context, c Command) (Case, error)
}
