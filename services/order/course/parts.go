package course

import (
	"context"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/order"
)

// Decided is the code of a question about an order that is decided, or is to be aborted:
// whoever asks in order to take a step must not take it.
const Decided fault.Code = "DECIDED"

// Parts has the questions of the services that take the steps of an order, each about its own part.
// Every method fails with NOT_FOUND, and refuses with DECIDED.
type Parts interface {
	// Wanted returns the goods, for those that price and hold them.
	Wanted(ctx context.Context, id string) (Wanted, error)

	// Payable returns the part that is needed to take the money. The token is that of a
	// choreographed order, and empty for any other: its workflow has it.
	Payable(ctx context.Context, id string) (Payable, error)

	// Destination returns the address, for those that deliver.
	Destination(ctx context.Context, id string) (order.Address, error)
}

// Wanted are the goods of an order.
type Wanted struct {
	Currency money.Currency
	Lines    []order.Line
}

// Payable is the price of an order, and how it is paid.
type Payable struct {
	Token string
	Total *order.Total // nil until the order service has heard of the quote
}
