package notification

import "context"

// Service is the notification service. None of its methods is a step of a saga.
type Service interface {
	// About returns the newest deliveries about a subject, such as an order, oldest first,
	// at most 200.
	About(ctx context.Context, subject string) ([]Delivery, error)

	// Lift ends the suppression of an address by a channel. A repeat changes nothing.
	Lift(ctx context.Context, c Channel, address string) error
}

// Contacts knows where people are reached. The user service answers it, and the order service.
type Contacts interface {
	// Account returns the contact of an account, or NOT_FOUND.
	Account(ctx context.Context, id string) (Contact, error)
	// Order returns the contact of an order without an account, or NOT_FOUND if it has none.
	Order(ctx context.Context, id string) (Contact, error)
	// Mail returns the contact of a mail that the user service wants, or NOT_FOUND if it
	// is worthless by now.
	Mail(ctx context.Context, id string) (Contact, error)
}
